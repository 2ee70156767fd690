#include "device_path.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "bytes.h"
#include "files.h"

namespace fast_sysfs {

namespace {

// The kernel's limit, MAXSYMLINKS in include/linux/namei.h.
constexpr int kMaxLinks = 40;

// Pushes the components of the path in reverse order.
void PushComponents(std::string_view path, std::vector<std::string>& pending) {
  while (!path.empty()) {
    const size_t slash = path.rfind('/');
    const std::string_view component = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (!component.empty() && component != ".") pending.emplace_back(component);
    path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
}

// The path at which this process finds a path of the machine.
std::string RealPath(const Roots& roots, std::string_view path) {
  if (StartsWith(path, "/dev/")) return roots.dev + std::string(path.substr(4));
  if (StartsWith(path, "/sys/")) return roots.sys + std::string(path.substr(4));
  return roots.root + std::string(path);
}

// These errors mean that there is no such device.
bool IsTolerable(int error) { return error == 0 || IsGone(error) || error == ELOOP || error == EINVAL; }

bool Refuse(Failure& failure, int error, const char* syscall, const std::string& path) {
  failure = {error, syscall, path};
  return false;
}

int BeginCall(AsyncRun* async_run, const char* syscall, const std::string& path) {
  return async_run == nullptr ? 0 : async_run->BeginCall(syscall, path);
}

// The status of the file that a path leads to. The mode is 0 if there is none.
struct Status {
  unsigned mode = 0;
  unsigned major = 0;
  unsigned minor = 0;
};

bool ReadStatus(AsyncRun* async_run, const std::string& path, Status& status, Failure& failure) {
  const int refused = BeginCall(async_run, "stat", path);
  if (refused != 0) return Refuse(failure, refused, "stat", path);
  // statx is used because glibc 2.33 gave the stat functions new symbol versions, which would require that glibc.
  struct statx fields;
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_TYPE, &fields) != 0) {
    const int error = errno;
    return IsTolerable(error) || Refuse(failure, error, "stat", path);
  }
  status = {fields.stx_mode, fields.stx_rdev_major, fields.stx_rdev_minor};
  return true;
}

// Resolves the links, `.` and `..` of a machine's path. The result is empty if the links form a loop or the path leads
// through something other than a directory.
bool FollowLinks(const Roots& roots, AsyncRun* async_run, std::string_view path, std::string& resolved,
                 Failure& failure) {
  std::vector<std::string> pending;
  PushComponents(path, pending);
  char buffer[PATH_MAX];
  bool is_known_directory = true;
  for (int links = 0; !pending.empty();) {
    const std::string component = std::move(pending.back());
    pending.pop_back();
    if (component == "..") {
      if (!is_known_directory) {
        Status status;
        if (!ReadStatus(async_run, RealPath(roots, resolved), status, failure)) return false;
        if (!S_ISDIR(status.mode)) {
          resolved.clear();
          return true;
        }
      }
      is_known_directory = true;
      const size_t slash = resolved.rfind('/');
      resolved.resize(slash == std::string::npos ? 0 : slash);
      continue;
    }
    const size_t parent_size = resolved.size();
    resolved += '/';
    resolved += component;
    is_known_directory = true;
    if (resolved == "/dev" || resolved == "/sys") continue;

    const std::string at = RealPath(roots, resolved);
    const int refused = BeginCall(async_run, "readlink", at);
    if (refused != 0) return Refuse(failure, refused, "readlink", at);
    std::string_view target;
    const int error = ReadLink(AT_FDCWD, at.c_str(), buffer, target);
    if (error == EINVAL) {  // not a link
      is_known_directory = false;
      continue;
    }
    if (error == ELOOP || error == ENAMETOOLONG || error == ENOTDIR) {
      resolved.clear();
      return true;
    }
    if (IsGone(error)) {
      // A recorded machine has no device nodes under /dev, so the rest of the path is taken as the device's name.
      const bool has_parent_step = std::find(pending.begin(), pending.end(), "..") != pending.end();
      if (!StartsWith(resolved, "/dev/") || has_parent_step) {
        resolved.clear();
        return true;
      }
      for (; !pending.empty(); pending.pop_back()) resolved += '/' + pending.back();
      return true;
    }
    if (error != 0) return Refuse(failure, error, "readlink", at);
    if (++links > kMaxLinks) {
      resolved.clear();
      return true;
    }
    resolved.resize(StartsWith(target, "/") ? 0 : parent_size);
    PushComponents(target, pending);
  }
  return true;
}

}  // namespace

bool ResolveDevice(const Roots& roots, AsyncRun* async_run, std::string_view device, ResolvedDevice& resolved,
                   Failure& failure) {
  if (!StartsWith(device, "/")) {
    resolved.name = device;
    return true;
  }
  std::string path;
  if (!FollowLinks(roots, async_run, device, path, failure)) return false;
  if (path.empty()) return true;
  if (!StartsWith(path, "/dev/")) return DeviceOfNode(roots, async_run, RealPath(roots, path), resolved.name, failure);
  resolved.node = RealPath(roots, path);
  resolved.name = path.substr(5);
  std::replace(resolved.name.begin(), resolved.name.end(), '/', '!');
  return true;
}

bool DeviceOfNode(const Roots& roots, AsyncRun* async_run, const std::string& node, std::string& name,
                  Failure& failure) {
  name.clear();
  Status status;
  if (!ReadStatus(async_run, node, status, failure)) return false;
  if (!S_ISBLK(status.mode)) return true;

  std::string link = roots.sys + "/dev/block/";
  AppendNumber(link, status.major);
  link += ':';
  AppendNumber(link, status.minor);
  const int refused = BeginCall(async_run, "readlink", link);
  if (refused != 0) return Refuse(failure, refused, "readlink", link);
  char buffer[PATH_MAX];
  std::string_view target;
  const int error = ReadLink(AT_FDCWD, link.c_str(), buffer, target);
  if (error == 0) name = target.substr(target.rfind('/') + 1);
  return IsTolerable(error) || Refuse(failure, error, "readlink", link);
}

}  // namespace fast_sysfs
