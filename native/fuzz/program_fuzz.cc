// Checks for arbitrary bytes that Program::Decode either rejects them or returns a program that runs without memory
// errors, whose result has the format that lib/executor/native.ts expects, and that leaves no descriptor open.
//
// An input is the size of the program (2 bytes), the program, and the parameters, each followed by a NUL.

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../core/executor.h"
#include "../core/program.h"

namespace {

namespace fs = std::filesystem;
using fast_sysfs::Executor;
using fast_sysfs::List;
using fast_sysfs::Program;
using fast_sysfs::Reading;
using fast_sysfs::Result;
using fast_sysfs::Roots;
using fast_sysfs::Step;
using fast_sysfs::Token;
using fast_sysfs::Tokens;

void Require(bool condition, const char* message) {
  if (condition) return;
  std::fprintf(stderr, "program_fuzz: %s\n", message);
  std::abort();
}

// ---- The tree that programs run on. It is small, and its links form no cycle of directories.

fs::path tree;

void File(const fs::path& path, const std::string& content) {
  fs::create_directories((tree / path).parent_path());
  std::ofstream(tree / path) << content;
}

void Link(const fs::path& path, const std::string& text) {
  fs::create_directories((tree / path).parent_path());
  fs::create_symlink(text, tree / path);
}

void WriteTree() {
  const std::string host = "sys/devices/platform/host2/";
  const std::string session = host + "session1/";
  File(session + "iscsi_session/session1/targetname", "iqn\n");
  File(session + "connection1:0/iscsi_connection/connection1:0/address", "::1\n");
  File(session + "connection1:0/iscsi_connection/connection1:0/port", "3260\n");
  Link(session + "connection1:0/iscsi_connection/connection1:0/persistent_address", "persistent_address");
  const std::string disk = session + "target2:0:0/2:0:0:1/block/sda/";
  File(disk + "size", "-0x1f\n");
  File(disk + "hole", std::string(70000, '\xff'));
  File(disk + "empty", "");
  Link(disk + "holders/dm-0", "nowhere");
  fs::create_directories(tree / (disk + "queue/attribute"));
  File("sys/devices/virtual/block/dm-0/dm/name",
       "gr\xc3\xb6\xc3\x9f"
       "e \x80\n");
  Link("sys/devices/virtual/block/dm-0/slaves/sda", "nowhere");
  Link("sys/class/block/sda", "../../devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sda");
  Link("sys/class/block/dm-0", "../../devices/virtual/block/dm-0");
  Link("sys/class/iscsi_session/session1", "../../devices/platform/host2/session1/iscsi_session/session1");
  Link("sys/class/iscsi_session/session07", "dangling");
  Link("sys/dev/block/8:0", "../../devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sda");
  File(std::string("sys/") + std::string(255, 'a'), std::string(255, '9'));
  fs::create_directories(tree / "dev/cciss");
  // A block device node that does not have the kernel's name, if this process has the permission to create it.
  if (mknod((tree / "dev/volume").c_str(), S_IFBLK | 0600, makedev(8, 0)) != 0) File("dev/volume", "");
  Link("dev/mapper/mpatha", "../dm-0");
  Link("dev/loop", "loop");
  Link("dev/outside", "/dev/mapper/../../dev/mapper/mpatha");
}

void RemoveTree() {
  std::error_code ignored;
  fs::remove_all(tree, ignored);
}

// ---- The inputs that are run. The library passes only names that do not leave their directory to the addon.

bool LeavesDirectory(std::string_view text) { return text.find('.') != std::string_view::npos; }

bool IsExcluded(const Tokens& tokens) {
  // Many stars only make matching slow. No real pattern has more than three.
  int stars = 0;
  for (const Token& token : tokens) {
    if (LeavesDirectory(token.literal)) return true;
    if (token.kind == Token::Kind::kStar && ++stars > 3) return true;
  }
  return false;
}

bool IsExcluded(const List& list) {
  if (IsExcluded(list.directory) || IsExcluded(list.pattern) || IsExcluded(list.probe_first)) return true;
  for (const Step& step : list.steps) {
    if (IsExcluded(step.reading.path)) return true;
    if (step.reading.list != nullptr && IsExcluded(*step.reading.list)) return true;
  }
  return false;
}

// ---- Reads a result like lib/executor/native.ts.

class ResultReader {
 public:
  explicit ResultReader(const Result& result) : result_(result) {}

  void Read(const List& list) {
    Rows(list);
    for (size_t i = 0; i < result_.unreadable_count; i++) {
      Text(false);
      Require(Cell() > 0, "an unreadable attribute has no errno");
    }
    Require(at_ == result_.cells.size(), "the result has more cells than the program reads");
    Require(end_ == static_cast<double>(result_.text.size()), "the result has more text than the cells refer to");
  }

 private:
  double Cell() {
    Require(at_ < result_.cells.size(), "the result has fewer cells than the program reads");
    return result_.cells[at_++];
  }

  void Text(bool may_be_null) {
    const double end = Cell();
    if (end == -1 && may_be_null) return;
    Require(end >= end_ && end <= static_cast<double>(result_.text.size()), "a text ends outside the result");
    end_ = end;
  }

  void Rows(const List& list) {
    const double count = Cell();
    Require(count >= 0 && count <= static_cast<double>(result_.cells.size() + 1000),
            "the number of rows of a list is invalid");
    for (double row = 0; row < count; row++) {
      for (const Step& step : list.steps) Value(step);
    }
  }

  void Value(const Step& step) {
    switch (step.reading.kind) {
      case Reading::Kind::kName:
        return Text(false);
      case Reading::Kind::kText:
      case Reading::Kind::kHex:
      case Reading::Kind::kLink:
        return Text(true);
      case Reading::Kind::kCapture:
      case Reading::Kind::kInteger:
      case Reading::Kind::kNumberFromLink: {
        const double number = Cell();
        return Require(number != number || number == static_cast<double>(static_cast<int64_t>(number)),
                       "a number is not integral");
      }
      case Reading::Kind::kExists: {
        const double boolean = Cell();
        return Require(boolean == 0 || boolean == 1, "a boolean is neither 0 nor 1");
      }
      case Reading::Kind::kList:
        return Rows(*step.reading.list);
    }
  }

  const Result& result_;
  size_t at_ = 0;
  double end_ = 0;
};

int LowestFreeDescriptor() {
  const int descriptor = dup(STDERR_FILENO);
  close(descriptor);
  return descriptor;
}

// Limits the number of descriptors that can be opened until the end of the scope.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(int free) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit limited = before_;
    limited.rlim_cur = static_cast<rlim_t>(LowestFreeDescriptor() + free);
    setrlimit(RLIMIT_NOFILE, &limited);
  }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;
  ~DescriptorLimit() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_;
};

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  std::string name = (fs::temp_directory_path() / "fast-sysfs-fuzz-XXXXXX").string();
  Require(mkdtemp(name.data()) != nullptr, "no temporary directory");
  tree = name;
  std::atexit(RemoveTree);
  WriteTree();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Like the addon, uses one executor for all programs of a thread.
  static Executor executor;
  static const Roots roots = {tree / "sys", tree / "dev", tree};

  if (size < 2) return 0;
  const size_t program_size = std::min<size_t>(data[0] | data[1] << 8, size - 2);
  // A copy of exactly its size, so that the address sanitizer reports a read past its end.
  const std::vector<uint8_t> bytes(data + 2, data + 2 + program_size);
  const std::unique_ptr<Program> program = Program::Decode(bytes.data(), bytes.size());
  if (program == nullptr || program->parameter_count > 20 || IsExcluded(program->root)) return 0;

  std::vector<std::string> parameters(program->parameter_count);
  const char* rest = reinterpret_cast<const char*>(data) + 2 + program_size;
  const char* const end = reinterpret_cast<const char*>(data) + size;
  for (size_t i = 0; i < parameters.size() && rest < end; i++) {
    parameters[i] = std::string(rest, strnlen(rest, static_cast<size_t>(end - rest)));
    rest += parameters[i].size() + 1;
    const bool is_path = i == program->device_parameter && parameters[i].rfind('/', 0) == 0;
    if (!is_path && LeavesDirectory(parameters[i])) return 0;
  }

  const int free_before = LowestFreeDescriptor();
  const uint32_t limit = size % 2 == 0 ? UINT32_MAX : 1;
  const bool is_limited = size % 8 < 4;
  bool has_run = false;
  {
    const DescriptorLimit descriptor_limit(is_limited ? static_cast<int>(size % 4) : 100);
    has_run = executor.Run(*program, roots, parameters, limit);
  }
  if (has_run) {
    ResultReader(executor.result()).Read(program->root);
  } else {
    Require(is_limited && executor.failure().error == EMFILE, "a run failed without a reason");
    Require(*executor.failure().syscall != '\0' && !executor.failure().path.empty(),
            "a failure has no system call or path");
  }
  Require(LowestFreeDescriptor() == free_before, "a descriptor was left open");
  return 0;
}
