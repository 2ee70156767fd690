#ifndef FAST_SYSFS_FILES_H
#define FAST_SYSFS_FILES_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fast_sysfs {

// Owns a file descriptor, or holds -1 if there is none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { Close(); }

  void Close();
  int number() const { return number_; }

 private:
  int number_ = -1;
};

// The names in a directory, in the order they were added until SortByBytes is called.
class Names {
 public:
  void Clear();
  void Add(std::string_view name);
  void SortByBytes();
  size_t size() const { return places_.size(); }
  std::string_view operator[](size_t index) const;

 private:
  struct Place {
    size_t start;
    size_t size;
  };
  std::string bytes_;
  std::vector<Place> places_;
};

// The functions below take paths relative to an open directory or AT_FDCWD. They return 0 or an errno, and restart
// after a signal.

int OpenDirectory(int directory, const char* path, Descriptor& opened);

// Opens a directory as a base for other calls (O_PATH). It cannot be listed.
int OpenBase(int directory, const char* path, Descriptor& opened);

// The size of the buffer for one attribute. Text attributes of sysfs are at most a page; binary attributes may be
// longer and are cut off.
constexpr size_t kAttributeSize = 65536;

int OpenFile(int directory, const char* path, Descriptor& opened);

// Reads an open file from its beginning. Once the file's device is removed this always fails with ENODEV, even if a
// device of the same name is added.
int ReadAgain(int file, char* buffer, size_t size, std::string_view& content);
// Reads an open file from an offset.
int ReadAt(int file, char* buffer, size_t size, size_t offset, std::string_view& content);

// The step of ReadAttribute that failed.
enum class ReadStep { kOpen, kRead };

// Reads an attribute with a single read into a buffer of kAttributeSize.
int ReadAttribute(int directory, const char* path, char* buffer, std::string_view& content, ReadStep& failed_step);

// Reads a link's text into a buffer of PATH_MAX bytes.
int ReadLink(int directory, const char* path, char* buffer, std::string_view& text);

int Access(int directory, const char* path);

// The inode number of a file or directory. On sysfs it differs from that of a later file with the same name, because
// kernfs allocates the numbers cyclically (idr_alloc_cyclic in __kernfs_new_node, fs/kernfs/dir.c). An empty path means
// the open directory or file itself.
int InodeOf(int directory, const char* path, uint64_t& inode);

// One record that getdents64(2) returns.
struct DirectoryRecord {
  unsigned short size;
  std::string_view name;
};

DirectoryRecord RecordAt(const char* buffer);

// Fills the buffer with records. Returns the number of bytes, 0 at the end of the directory, or a negative errno.
long ReadDirectory(int directory, char* buffer, size_t size);

// Calls `visit(std::string_view)` for every entry except `.` and `..`. The buffer has kAttributeSize bytes.
template <typename Visit>
int ForEachEntry(int directory, char* buffer, Visit visit) {
  while (true) {
    const long filled = ReadDirectory(directory, buffer, kAttributeSize);
    if (filled < 0) return static_cast<int>(-filled);
    if (filled == 0) return 0;
    for (long at = 0; at < filled;) {
      const DirectoryRecord record = RecordAt(buffer + at);
      at += record.size;
      if (record.name != "." && record.name != "..") visit(record.name);
    }
  }
}

}  // namespace fast_sysfs

#endif
