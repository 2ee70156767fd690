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

// The kernel gives up after as many.
constexpr int kMostLinks = 40;

// Pushes the components, last first.
void PushComponents(std::string_view path, std::vector<std::string>& pending) {
  while (!path.empty()) {
    const size_t slash = path.rfind('/');
    const std::string_view component = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (!component.empty() && component != ".") pending.emplace_back(component);
    path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
}

// Where a path of the machine is for this process.
std::string RealPath(const Roots& roots, std::string_view path) {
  if (StartsWith(path, "/dev/")) return roots.dev + std::string(path.substr(4));
  if (StartsWith(path, "/sys/")) return roots.sys + std::string(path.substr(4));
  return roots.root + std::string(path);
}

// Means that there is no such device.
bool IsTolerable(int error) { return error == 0 || IsGone(error) || error == ELOOP || error == EINVAL; }

bool Refuse(Failure& failure, int error, const char* syscall, const std::string& path) {
  failure = {error, syscall, path};
  return false;
}

int Enter(Flight* flight, const char* syscall, const std::string& path) {
  return flight == nullptr ? 0 : flight->Enter(syscall, path);
}

// What a path leads to; a mode of 0: nothing.
struct Status {
  unsigned mode = 0;
  unsigned major = 0;
  unsigned minor = 0;
};

bool ReadStatus(Flight* flight, const std::string& path, Status& status, Failure& failure) {
  const int refused = Enter(flight, "stat", path);
  if (refused != 0) return Refuse(failure, refused, "stat", path);
  // statx: glibc's older stat functions got new symbol versions, which would bind the binary to a recent glibc.
  struct statx fields;
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_TYPE, &fields) != 0) {
    const int error = errno;
    return IsTolerable(error) || Refuse(failure, error, "stat", path);
  }
  status = {fields.stx_mode, fields.stx_rdev_major, fields.stx_rdev_minor};
  return true;
}

// The path as the machine sees it, without links, `.` and `..`; empty for a loop or a way through no directory.
bool FollowLinks(const Roots& roots, Flight* flight, std::string_view path, std::string& resolved, Failure& failure) {
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
        if (!ReadStatus(flight, RealPath(roots, resolved), status, failure)) return false;
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
    const int refused = Enter(flight, "readlink", at);
    if (refused != 0) return Refuse(failure, refused, "readlink", at);
    std::string_view target;
    const int error = ReadLink(AT_FDCWD, at.c_str(), buffer, target);
    if (error == EINVAL) {  // no link
      is_known_directory = false;
      continue;
    }
    if (error == ELOOP || error == ENAMETOOLONG || error == ENOTDIR) {
      resolved.clear();
      return true;
    }
    if (IsGone(error)) {
      // A recorded machine has no nodes under /dev, only their names.
      const bool climbs = std::find(pending.begin(), pending.end(), "..") != pending.end();
      if (!StartsWith(resolved, "/dev/") || climbs) {
        resolved.clear();
        return true;
      }
      for (; !pending.empty(); pending.pop_back()) resolved += '/' + pending.back();
      return true;
    }
    if (error != 0) return Refuse(failure, error, "readlink", at);
    if (++links > kMostLinks) {
      resolved.clear();
      return true;
    }
    resolved.resize(StartsWith(target, "/") ? 0 : parent_size);
    PushComponents(target, pending);
  }
  return true;
}

}  // namespace

bool ResolveDevice(const Roots& roots, Flight* flight, std::string_view device, ResolvedDevice& resolved,
                   Failure& failure) {
  if (!StartsWith(device, "/")) {
    resolved.name = device;
    return true;
  }
  std::string path;
  if (!FollowLinks(roots, flight, device, path, failure)) return false;
  if (path.empty()) return true;
  if (!StartsWith(path, "/dev/")) return DeviceOfNode(roots, flight, RealPath(roots, path), resolved.name, failure);
  resolved.node = RealPath(roots, path);
  resolved.name = path.substr(5);
  std::replace(resolved.name.begin(), resolved.name.end(), '/', '!');
  return true;
}

bool DeviceOfNode(const Roots& roots, Flight* flight, const std::string& node, std::string& name, Failure& failure) {
  name.clear();
  Status status;
  if (!ReadStatus(flight, node, status, failure)) return false;
  if (!S_ISBLK(status.mode)) return true;

  std::string link = roots.sys + "/dev/block/";
  AppendNumber(link, status.major);
  link += ':';
  AppendNumber(link, status.minor);
  const int refused = Enter(flight, "readlink", link);
  if (refused != 0) return Refuse(failure, refused, "readlink", link);
  char buffer[PATH_MAX];
  std::string_view target;
  const int error = ReadLink(AT_FDCWD, link.c_str(), buffer, target);
  if (error == 0) name = target.substr(target.rfind('/') + 1);
  return IsTolerable(error) || Refuse(failure, error, "readlink", link);
}

}  // namespace fast_sysfs
