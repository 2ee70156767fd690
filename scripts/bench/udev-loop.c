/*
 * Enumerates the block devices with libudev, and reads the attributes that a snapshot at 'basic' reads of a device. The
 * values are not kept.
 *
 *     udev-loop    reads a number per line from standard input, enumerates that often, and prints the nanoseconds
 */
#define _GNU_SOURCE
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *const attributes[] = {"size", "ro", "dm/name", "dm/uuid"};

static int enumerate(struct udev *udev) {
  struct udev_enumerate *enumeration = udev_enumerate_new(udev);
  struct udev_list_entry *entry;
  int count = 0;
  udev_enumerate_add_match_subsystem(enumeration, "block");
  udev_enumerate_scan_devices(enumeration);
  udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumeration)) {
    struct udev_device *device = udev_device_new_from_syspath(udev, udev_list_entry_get_name(entry));
    if (device == NULL) continue;
    const char *name = udev_device_get_sysname(device);
    const int is_map = name[0] == 'd' && name[1] == 'm' && name[2] == '-';
    for (size_t i = 0; i < (is_map ? 4 : 2); i++) udev_device_get_sysattr_value(device, attributes[i]);
    udev_device_unref(device);
    count++;
  }
  udev_enumerate_unref(enumeration);
  return count;
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(void) {
  char line[32];
  struct udev *udev = udev_new();
  if (udev == NULL) return 1;
  while (fgets(line, sizeof line, stdin) != NULL) {
    const long count = atol(line);
    const long long start = now();
    for (long i = 0; i < count; i++) enumerate(udev);
    printf("%lld\n", now() - start);
    fflush(stdout);
  }
  udev_unref(udev);
  return 0;
}
