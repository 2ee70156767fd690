/*
 * The lower bound of the addon's time: the same system calls with the same arguments, and little else. Nothing is
 * sorted and no row is made. A value is only trimmed and copied to the output.
 *
 *     bare-loop threads       executes commands from standard input, in a process of two threads
 *     bare-loop one-thread    the same in a process of one thread
 *
 * A command is one line. Tabs separate its arguments:
 *     run WARMUP COUNT QUERY...    runs the query WARMUP times, then COUNT times; prints the nanoseconds of the latter
 *     result QUERY...              runs the query once; prints its values, separated by tabs
 * The queries (all paths are absolute):
 *     holders SYS DEVICE PATH...       reads the links at the paths; the first dm-* in class/block/DEVICE/holders
 *     list DIRECTORY                   the names in a directory
 *     portals SYS IQN                  address, port, persistent_address, persistent_port and host of each connection
 *     lun SYS IQN LUN                  the block devices of a LUN
 *     entries DIRECTORY ATTRIBUTE...   name, link text and attributes of every entry
 *     snapshot SYS PART...             several lists. Each is + DIRECTORY PREFIX LINK LISTING BASE ATTRIBUTE... with
 *                                      DIRECTORY relative to SYS and - for an unused argument. Of every entry whose
 *                                      name begins with PREFIX: the name, the link text, the attributes (#ATTRIBUTE in
 *                                      hexadecimal), the names in LISTING and an empty value. An empty value ends the
 *                                      list. BASE is opened below the entry, and the attributes are read relative to
 *                                      it (. is the entry itself)
 *     pread DIRECTORY PATH NAMES       the content of DIRECTORY/NAME followed by PATH, for each name. Slashes separate
 *                                      the names. The files stay open
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* BUFFER_SIZE is the size that the addon passes to read and getdents64. */
enum {
  BUFFER_SIZE = 65536,
  LARGEST_LISTING = 1 << 23,
  LARGEST_OUTPUT = 1 << 24,
  MOST_ARGUMENTS = 192,
  LARGEST_LINE = 1 << 17
};

static char attribute[BUFFER_SIZE];
static char output[LARGEST_OUTPUT];
static char *output_end = output;
/* The `pread` query copies its values only if they are printed. */
static int is_printed;

static void add(const char *value, size_t size) {
  memcpy(output_end, value, size);
  output_end += size;
  *output_end++ = '\t';
}

/*
 * The C library's open, read and close are cancellation points of POSIX threads, which take time in a process of
 * several threads. The lower bound is without that.
 */
static int open_at(int at, const char *path, int flags) { return (int)syscall(SYS_openat, at, path, flags, 0); }

static ssize_t read_from(int file, void *buffer, size_t size) { return syscall(SYS_read, file, buffer, size); }

static void close_file(int file) { syscall(SYS_close, file); }

/* A listing in the form of the kernel. There is one for each level that is open at the same time. */
struct listing {
  int directory;
  long filled;
  char *records;
};

static struct listing outer, inner;

struct record {
  unsigned long long inode;
  long long offset;
  unsigned short size;
  unsigned char type;
  char name[];
};

/* Leaves the directory open. The entries are read relative to it. */
static int list(struct listing *listing, int at, const char *path) {
  listing->filled = 0;
  listing->directory = open_at(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (listing->directory == -1) return 0;
  while (1) {
    const long filled = syscall(SYS_getdents64, listing->directory, listing->records + listing->filled, BUFFER_SIZE);
    if (filled <= 0) break;
    listing->filled += filled;
    if (listing->filled > LARGEST_LISTING - BUFFER_SIZE) abort();
  }
  return 1;
}

/* Returns the record after `record`, or the first if that is NULL. Skips `.` and `..`. Returns NULL at the end. */
static const struct record *next(const struct listing *listing, const struct record *record) {
  const char *at = record == NULL ? listing->records : (const char *)record + record->size;
  for (; at < listing->records + listing->filled; at += record->size) {
    record = (const struct record *)at;
    const char *name = record->name;
    if (name[0] != '.' || (name[1] != '\0' && (name[1] != '.' || name[2] != '\0'))) return record;
  }
  return NULL;
}

#define FOR_EACH(name, listing) \
  for (const struct record *name = next(listing, NULL); name != NULL; name = next(listing, name))

static int begins(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

/* Returns the size of the attribute without trailing white space, or -1. */
static ssize_t read_attribute(int at, const char *path) {
  const int file = open_at(at, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file == -1) return -1;
  ssize_t size = read_from(file, attribute, sizeof attribute);
  close_file(file);
  while (size > 0 && (unsigned char)attribute[size - 1] <= ' ') size--;
  return size;
}

static void holders(char **arguments) {
  char path[PATH_MAX];
  for (char **node = arguments + 2; *node != NULL; node++) readlinkat(AT_FDCWD, *node, path, sizeof path);
  stpcpy(stpcpy(stpcpy(stpcpy(path, arguments[0]), "/class/block/"), arguments[1]), "/holders");
  if (!list(&outer, AT_FDCWD, path)) return;
  const char *first = NULL;
  FOR_EACH(entry, &outer) {
    if (begins(entry->name, "dm-") && (first == NULL || strcmp(entry->name, first) < 0)) first = entry->name;
  }
  close_file(outer.directory);
  if (first != NULL) add(first, strlen(first));
}

static void list_names(char **arguments) {
  if (!list(&outer, AT_FDCWD, arguments[0])) return;
  FOR_EACH(entry, &outer) add(entry->name, strlen(entry->name));
  close_file(outer.directory);
}

/* Returns whether the session is one of the target. `host` receives the host number from the session's link. */
static int is_of_target(const char *session, const char *iqn, char *host) {
  char path[PATH_MAX];
  stpcpy(stpcpy(path, session), "/targetname");
  const ssize_t size = read_attribute(outer.directory, path);
  if (size != (ssize_t)strlen(iqn) || memcmp(attribute, iqn, size) != 0) return 0;
  const ssize_t link_size = readlinkat(outer.directory, session, path, sizeof path - 1);
  if (link_size == -1) return 0;
  path[link_size] = '\0';
  const char *found = strstr(path, "/host");
  if (found == NULL) return 0;
  found += strlen("/host");
  while (*found >= '0' && *found <= '9') *host++ = *found++;
  *host = '\0';
  return 1;
}

static void portals(char **arguments) {
  static const char *const attributes[] = {"/address", "/port", "/persistent_address", "/persistent_port"};
  char path[PATH_MAX], host[24];
  stpcpy(stpcpy(path, arguments[0]), "/class/iscsi_session");
  if (!list(&outer, AT_FDCWD, path)) return;
  FOR_EACH(session, &outer) {
    if (!begins(session->name, "session") || !is_of_target(session->name, arguments[1], host)) continue;
    stpcpy(stpcpy(path, session->name), "/device");
    if (!list(&inner, outer.directory, path)) continue;
    FOR_EACH(connection, &inner) {
      if (!begins(connection->name, "connection")) continue;
      char *end = stpcpy(stpcpy(stpcpy(path, connection->name), "/iscsi_connection/"), connection->name);
      for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        stpcpy(end, attributes[i]);
        const ssize_t size = read_attribute(inner.directory, path);
        add(attribute, size > 0 ? size : 0);
      }
      add(host, strlen(host));
    }
    close_file(inner.directory);
  }
  close_file(outer.directory);
}

static void lun(char **arguments) {
  char path[PATH_MAX], host[24];
  stpcpy(stpcpy(path, arguments[0]), "/class/iscsi_session");
  if (!list(&outer, AT_FDCWD, path)) return;
  FOR_EACH(session, &outer) {
    if (!begins(session->name, "session") || !is_of_target(session->name, arguments[1], host)) continue;
    char *end = stpcpy(stpcpy(stpcpy(stpcpy(path, session->name), "/device/target"), host), ":0:0/");
    stpcpy(stpcpy(stpcpy(stpcpy(end, host), ":0:0:"), arguments[2]), "/block");
    if (!list(&inner, outer.directory, path)) continue;
    FOR_EACH(disk, &inner) add(disk->name, strlen(disk->name));
    close_file(inner.directory);
  }
  close_file(outer.directory);
}

static void entries(char **arguments) {
  char path[PATH_MAX], text[PATH_MAX];
  if (!list(&outer, AT_FDCWD, arguments[0])) return;
  FOR_EACH(entry, &outer) {
    add(entry->name, strlen(entry->name));
    const ssize_t size = readlinkat(outer.directory, entry->name, text, sizeof text);
    add(text, size > 0 ? size : 0);
    char *end = stpcpy(stpcpy(path, entry->name), "/");
    for (char **name = arguments + 1; *name != NULL; name++) {
      stpcpy(end, *name);
      const ssize_t attribute_size = read_attribute(outer.directory, path);
      add(attribute, attribute_size > 0 ? attribute_size : 0);
    }
  }
  close_file(outer.directory);
}

/* For binary values, which may have tabs. */
static void add_hexadecimal(const char *value, ssize_t size) {
  static const char digits[] = "0123456789abcdef";
  for (ssize_t i = 0; i < size; i++) {
    *output_end++ = digits[(unsigned char)value[i] >> 4];
    *output_end++ = digits[(unsigned char)value[i] & 15];
  }
  *output_end++ = '\t';
}

static void entry_of_snapshot(const char *entry, int has_link, const char *listing, const char *base,
                              char **attributes) {
  char path[PATH_MAX], text[PATH_MAX];
  add(entry, strlen(entry));
  if (has_link) {
    const ssize_t size = readlinkat(outer.directory, entry, text, sizeof text);
    add(text, size > 0 ? size : 0);
  }
  char *end = stpcpy(stpcpy(path, entry), "/");
  const int has_base = *base != '-';
  int directory = outer.directory;
  if (has_base) {
    stpcpy(end, base);
    directory = open_at(outer.directory, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  }
  for (; *attributes != NULL && **attributes != '+'; attributes++) {
    const int is_binary = **attributes == '#';
    const char *below = *attributes + is_binary;
    if (!has_base) {
      stpcpy(end, below);
      below = path;
    }
    const ssize_t size = read_attribute(directory, below);
    if (is_binary)
      add_hexadecimal(attribute, size);
    else
      add(attribute, size > 0 ? size : 0);
  }
  if (has_base) close_file(directory);
  if (*listing == '-') return;
  stpcpy(end, listing);
  if (list(&inner, outer.directory, path)) {
    FOR_EACH(below, &inner) add(below->name, strlen(below->name));
    close_file(inner.directory);
  }
  add("", 0);
}

static void snapshot(char **arguments) {
  char path[PATH_MAX];
  char **part = arguments + 1;
  while (*part != NULL) {
    const char *prefix = part[2];
    stpcpy(stpcpy(stpcpy(path, arguments[0]), "/"), part[1]);
    if (list(&outer, AT_FDCWD, path)) {
      FOR_EACH(entry, &outer) {
        if (*prefix != '-' && !begins(entry->name, prefix)) continue;
        entry_of_snapshot(entry->name, *part[3] != '-', part[4], part[5], part + 6);
      }
      close_file(outer.directory);
    }
    add("", 0);
    for (part++; *part != NULL && **part != '+'; part++) continue;
  }
}

/* The first run opens the files. */
static void pread_all(char **arguments) {
  static char numbers[4096];
  static int files[LARGEST_LINE], count;
  if (count == 0) {
    for (char *name = strtok(arguments[2], "/"); name != NULL; name = strtok(NULL, "/")) {
      char path[PATH_MAX];
      snprintf(path, sizeof path, "%s/%s%s", arguments[0], name, arguments[1]);
      files[count] = open_at(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
      if (files[count++] == -1) perror(path);
    }
  }
  for (int i = 0; i < count; i++) {
    const ssize_t size = syscall(SYS_pread64, files[i], numbers, sizeof numbers, 0L);
    if (is_printed) add(numbers, size > 0 ? size - 1 : 0);
  }
}

typedef void query(char **arguments);

static query *query_named(const char *name) {
  static const struct {
    const char *name;
    query *query;
  } queries[] = {{"holders", holders}, {"list", list_names},   {"portals", portals}, {"lun", lun},
                 {"entries", entries}, {"snapshot", snapshot}, {"pread", pread_all}};
  for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
    if (strcmp(queries[i].name, name) == 0) return queries[i].query;
  }
  fprintf(stderr, "bare-loop: no query %s\n", name);
  exit(2);
}

/* The processor time of this process. The time of other processes does not count. Nothing here waits. */
static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void split(char *line, char **arguments) {
  int count = 0;
  line[strcspn(line, "\n")] = '\0';
  for (char *part = strtok(line, "\t"); part != NULL && count < MOST_ARGUMENTS - 1; part = strtok(NULL, "\t")) {
    arguments[count++] = part;
  }
  arguments[count] = NULL;
}

static void run(query *query, char **arguments, long count) {
  for (long i = 0; i < count; i++) {
    output_end = output;
    query(arguments);
  }
}

static int execute_commands(void) {
  static char line[LARGEST_LINE];
  char *arguments[MOST_ARGUMENTS];
  outer.records = malloc(LARGEST_LISTING);
  inner.records = malloc(LARGEST_LISTING);
  if (outer.records == NULL || inner.records == NULL) return 1;
  while (fgets(line, sizeof line, stdin) != NULL) {
    split(line, arguments);
    if (arguments[0] != NULL && strcmp(arguments[0], "run") == 0) {
      query *query = query_named(arguments[3]);
      run(query, arguments + 4, atol(arguments[1]));
      const long long start = now();
      run(query, arguments + 4, atol(arguments[2]));
      printf("%lld\n", now() - start);
    } else {
      is_printed = 1;
      run(query_named(arguments[1]), arguments + 2, 1);
      is_printed = 0;
      fwrite(output, 1, output_end - output, stdout);
      putchar('\n');
    }
    fflush(stdout);
  }
  return 0;
}

static void *wait_forever(void *unused) {
  while (1) pause();
  return unused;
}

/*
 * In a process of one thread the kernel does not count the references to a file (fdget, fs/file.c). Node always has
 * several threads. With a second thread the calls take as long as in Node, a few percent more.
 */
static void start_thread(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, wait_forever, NULL) != 0) abort();
}

int main(int count, char **arguments) {
  const char *task = count > 1 ? arguments[1] : "";
  if (strcmp(task, "threads") == 0)
    start_thread();
  else if (strcmp(task, "one-thread") != 0)
    return 2;
  return execute_commands();
}
