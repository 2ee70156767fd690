#ifndef FAST_SYSFS_FILES_H
#define FAST_SYSFS_FILES_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fast_sysfs {

// Owns a file descriptor. Also where none could be opened: then it holds -1.
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

// The names of a directory, in the order they were added until they are sorted.
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

// The calls below are relative to an open directory (or AT_FDCWD) and return 0 or an errno; a signal does not end them.

int OpenDirectory(int directory, const char* path, Descriptor& opened);

// Only for calls relative to it: it cannot be listed.
int OpenPlace(int directory, const char* path, Descriptor& opened);

// As much as one read takes; the kernel gives a page at the most.
constexpr size_t kAttributeSize = 65536;

// For one read after the other: `ReadAgain` reads a file that stays open from its beginning. A file whose device is
// gone gives ENODEV for ever, even when the name returns.
int OpenFile(int directory, const char* path, Descriptor& opened);
int ReadAgain(int file, char* buffer, size_t size, std::string_view& content);
int ReadAt(int file, char* buffer, size_t size, size_t offset, std::string_view& content);

// Where a call that has two parts failed.
enum class Part { kOpen, kRead };

// Reads a whole attribute with one read into a buffer of kAttributeSize.
int ReadAttribute(int directory, const char* path, char* buffer, std::string_view& content, Part& failed);

// A buffer of PATH_MAX takes every link text.
int ReadLink(int directory, const char* path, char* buffer, std::string_view& text);

int Access(int directory, const char* path);

// What tells a file or directory of sysfs from a later one of the same name: kernfs numbers them on and on. An empty
// path means the open directory or file itself.
int InodeOf(int directory, const char* path, uint64_t& inode);

// One record of getdents64(2).
struct DirectoryRecord {
  unsigned short size;
  std::string_view name;
};

DirectoryRecord RecordAt(const char* buffer);

// Fills the buffer with records: the number of bytes, 0 at the end, or a negative errno.
long ReadDirectory(int directory, char* buffer, size_t size);

// Calls `visit(std::string_view)` for every entry but `.` and `..`; the buffer is one of kAttributeSize.
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
