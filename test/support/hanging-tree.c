/*
 * Shows a directory at another place, read-only, as a file system that can be told not to answer: FUSE without a
 * library, by the kernel's own protocol on /dev/fuse (include/uapi/linux/fuse.h). It answers each line of its standard
 * input with one line, and when the input ends or the parent's thread dies, unmounts; the kernel then fails what hangs.
 * (Of a parent that is killed while another thread of it hangs here the input does not end: that thread still has it.)
 *
 *     hanging-tree DIRECTORY MOUNT_POINT     says `ok` when the tree is there, or `error` and why
 *
 *     hang PATH              what reads the file, link or directory hangs from now on; so does what looks it up, where
 *                            PATH ends in a slash
 *     held                   how many requests hang
 *     count PATH             how often something was about to read PATH, since the beginning
 *     answer                 nothing hangs any more; answers with how many requests did
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { REQUEST_SIZE = 1 << 18, LARGEST_READ = 1 << 17 };

static int fuse;

static void *grown(void *memory, size_t size) {
  memory = realloc(memory, size);
  if (memory == NULL) abort();
  return memory;
}

/* A node's number is its place here, plus one; the first is the root. Nodes are never forgotten: the trees are small.
 */
static struct node {
  char *path; /* in the tree, without a slash in front */
  int count;  /* of the requests that read it */
} * nodes;
static size_t node_count;

static size_t node_at(const char *path) {
  for (size_t i = 0; i < node_count; i++) {
    if (strcmp(nodes[i].path, path) == 0) return i;
  }
  nodes = grown(nodes, (node_count + 1) * sizeof *nodes);
  nodes[node_count].path = strdup(path);
  nodes[node_count].count = 0;
  return node_count++;
}

static char **hanging;
static size_t hanging_count;

static int hangs(const char *path) {
  for (size_t i = 0; i < hanging_count; i++) {
    if (strcmp(hanging[i], path) == 0) return 1;
  }
  return 0;
}

static struct fuse_in_header **held;
static size_t held_count;

static void hold(const struct fuse_in_header *request) {
  held = grown(held, (held_count + 1) * sizeof *held);
  held[held_count] = grown(NULL, request->len);
  memcpy(held[held_count++], request, request->len);
}

static void reply(const struct fuse_in_header *request, int error, const void *content, size_t size) {
  struct fuse_out_header header = {(uint32_t)(sizeof header + size), -error, request->unique};
  const struct iovec parts[] = {{&header, sizeof header}, {(void *)content, size}};
  /* ENOENT: whoever asked was killed. */
  if (writev(fuse, parts, 2) < 0 && errno != ENOENT) perror("hanging-tree: answer");
}

/* Where a path of the tree really is: the working directory is the one that is shown. */
static const char *real(const char *path) { return *path == '\0' ? "." : path; }

/* What is below a node, in a buffer that is used again; a slash may follow it. */
static const char *below(const struct fuse_in_header *request, const char *end) {
  static char path[2 * PATH_MAX];
  const char *parent = nodes[request->nodeid - 1].path;
  snprintf(path, sizeof path, "%s%s%.*s%s", parent, *parent == '\0' ? "" : "/", NAME_MAX, (const char *)(request + 1),
           end);
  return path;
}

static void fill(struct fuse_attr *attributes, uint64_t number, const struct stat *status) {
  memset(attributes, 0, sizeof *attributes);
  attributes->ino = number;
  attributes->size = (uint64_t)status->st_size;
  attributes->mode = status->st_mode;
  attributes->nlink = (uint32_t)status->st_nlink;
}

static void look_up(const struct fuse_in_header *request) {
  struct fuse_entry_out entry = {0};
  struct stat status;
  const char *path = below(request, "");
  if (lstat(real(path), &status) != 0) {
    reply(request, errno, NULL, 0);
    return;
  }
  entry.nodeid = node_at(path) + 1;
  fill(&entry.attr, entry.nodeid, &status);
  reply(request, 0, &entry, sizeof entry);
}

static void get_attributes(const struct fuse_in_header *request) {
  struct fuse_attr_out answer = {0};
  struct stat status;
  if (lstat(real(nodes[request->nodeid - 1].path), &status) != 0) {
    reply(request, errno, NULL, 0);
    return;
  }
  fill(&answer.attr, request->nodeid, &status);
  reply(request, 0, &answer, sizeof answer);
}

static void read_link(const struct fuse_in_header *request) {
  char text[PATH_MAX];
  const ssize_t size = readlink(real(nodes[request->nodeid - 1].path), text, sizeof text);
  reply(request, size < 0 ? errno : 0, text, size < 0 ? 0 : (size_t)size);
}

static void read_file(const struct fuse_in_header *request, const struct fuse_read_in *what) {
  static char content[LARGEST_READ];
  const size_t wanted = what->size < sizeof content ? what->size : sizeof content;
  const int file = open(real(nodes[request->nodeid - 1].path), O_RDONLY);
  const ssize_t size = file < 0 ? -1 : pread(file, content, wanted, (off_t)what->offset);
  reply(request, size < 0 ? errno : 0, content, size < 0 ? 0 : (size_t)size);
  if (file >= 0) close(file);
}

static void read_directory(const struct fuse_in_header *request, const struct fuse_read_in *what) {
  static char content[LARGEST_READ];
  size_t size = 0;
  uint64_t at = 0;
  DIR *directory = opendir(real(nodes[request->nodeid - 1].path));
  if (directory == NULL) {
    reply(request, errno, NULL, 0);
    return;
  }
  for (struct dirent *found; (found = readdir(directory)) != NULL;) {
    if (at++ < what->offset) continue;
    const size_t name_size = strlen(found->d_name);
    struct fuse_dirent *entry = (struct fuse_dirent *)(content + size);
    const size_t entry_size = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + name_size);
    if (size + entry_size > what->size || size + entry_size > sizeof content) break;
    memset(entry, 0, entry_size);
    entry->ino = found->d_ino;
    entry->off = at;
    entry->namelen = (uint32_t)name_size;
    entry->type = found->d_type;
    memcpy(entry->name, found->d_name, name_size);
    size += entry_size;
  }
  closedir(directory);
  reply(request, 0, content, size);
}

static void initialize(const struct fuse_in_header *request) {
  struct fuse_init_out answer = {0};
  answer.major = FUSE_KERNEL_VERSION;
  answer.minor = FUSE_KERNEL_MINOR_VERSION;
  answer.max_readahead = LARGEST_READ;
  answer.max_write = LARGEST_READ;
  /* Else a directory in which one look-up hangs would be closed to all. */
  answer.flags = FUSE_PARALLEL_DIROPS;
  reply(request, 0, &answer, sizeof answer);
}

static void answer(const struct fuse_in_header *request) {
  const void *body = request + 1;
  /* Attributes are read anew every time, as those of sysfs are. */
  const struct fuse_open_out opened = {0, FOPEN_DIRECT_IO, 0};
  switch (request->opcode) {
    case FUSE_INIT:
      initialize(request);
      break;
    case FUSE_LOOKUP:
      look_up(request);
      break;
    case FUSE_GETATTR:
      get_attributes(request);
      break;
    case FUSE_READLINK:
      read_link(request);
      break;
    case FUSE_OPEN:
    case FUSE_OPENDIR:
      reply(request, 0, &opened, sizeof opened);
      break;
    case FUSE_READ:
      read_file(request, body);
      break;
    case FUSE_READDIR:
      read_directory(request, body);
      break;
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
      reply(request, 0, NULL, 0);
      break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT: /* what hangs, hangs: a process that is killed has to wait for it */
      break;
    default:
      reply(request, ENOSYS, NULL, 0);
  }
}

static int must_hang(const struct fuse_in_header *request) {
  switch (request->opcode) {
    case FUSE_LOOKUP:
      return hangs(below(request, "/"));
    case FUSE_READ:
    case FUSE_READDIR:
    case FUSE_READLINK:
      nodes[request->nodeid - 1].count++;
      return hangs(nodes[request->nodeid - 1].path);
    default:
      return 0;
  }
}

/* False when the file system is gone. */
static int serve(void) {
  static char buffer[REQUEST_SIZE] __attribute__((aligned(8)));
  const struct fuse_in_header *request = (const void *)buffer;
  const ssize_t size = read(fuse, buffer, sizeof buffer);
  if (size < 0) return errno == EINTR || errno == EAGAIN || errno == ENOENT;
  if (must_hang(request)) {
    hold(request);
  } else {
    answer(request);
  }
  return 1;
}

static void obey(char *line) {
  if (strncmp(line, "hang ", 5) == 0) {
    hanging = grown(hanging, (hanging_count + 1) * sizeof *hanging);
    hanging[hanging_count++] = strdup(line + 5);
    printf("ok\n");
  } else if (strcmp(line, "held") == 0) {
    printf("%zu\n", held_count);
  } else if (strncmp(line, "count ", 6) == 0) {
    printf("%d\n", nodes[node_at(line + 6)].count);
  } else if (strcmp(line, "answer") == 0) {
    const size_t count = held_count;
    hanging_count = 0;
    held_count = 0;
    for (size_t i = 0; i < count; i++) answer(held[i]);
    printf("%zu\n", count);
  } else {
    printf("error: %s\n", line);
  }
}

/* False at the end of the input. */
static int listen(void) {
  static char input[1 << 16];
  static size_t filled;
  const ssize_t size = read(STDIN_FILENO, input + filled, sizeof input - filled);
  if (size <= 0) return 0;
  filled += (size_t)size;
  for (char *end; (end = memchr(input, '\n', filled)) != NULL;) {
    *end = '\0';
    obey(input);
    filled -= (size_t)(end + 1 - input);
    memmove(input, end + 1, filled);
  }
  return 1;
}

static volatile sig_atomic_t is_to_end;

static void end(int signal) {
  (void)signal;
  is_to_end = 1;
}

int main(int count, char **arguments) {
  char options[128];
  if (count != 3) return 2;
  if (chdir(arguments[1]) != 0) return 2;
  signal(SIGPIPE, SIG_IGN);
  const struct sigaction ending = {.sa_handler = end};
  sigaction(SIGTERM, &ending, NULL);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  setvbuf(stdout, NULL, _IOLBF, 0);
  node_at("");
  fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (fuse < 0) {
    printf("error /dev/fuse: %s\n", strerror(errno));
    return 1;
  }
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse);
  if (mount("hanging-tree", arguments[2], "fuse.hanging-tree", MS_RDONLY | MS_NOSUID | MS_NODEV, options) != 0) {
    printf("error mount: %s\n", strerror(errno));
    return 1;
  }
  printf("ok\n");
  struct pollfd waiting[] = {{STDIN_FILENO, POLLIN, 0}, {fuse, POLLIN, 0}};
  for (int goes_on = 1; goes_on && !is_to_end;) {
    /* The time-out is for a signal that comes just before this. */
    const int ready = poll(waiting, 2, 1000);
    if (ready < 0 && errno != EINTR) break;
    if (ready <= 0) continue;
    if (waiting[1].revents != 0) goes_on = serve();
    if (waiting[0].revents != 0) goes_on = listen() && goes_on;
  }
  umount2(arguments[2], MNT_DETACH);
  return 0;
}
