/*
 * Makes and removes loop devices, which are real block devices that need nothing but memory. It answers each line of
 * its standard input with one line, `ok` and what there is to say or `error` and why, and when the input ends (also
 * because the parent was killed) removes what it made, and nothing else.
 *
 *     add COUNT              makes devices with the lowest numbers that are free; answers with the numbers
 *     make NUMBER...         makes devices with these numbers
 *     remove NUMBER...       removes devices that it made
 *     churn COUNT WORKERS    makes a device and removes it, COUNT times in all, as many at a time as there are workers:
 *                            a removal waits for other processors (RCU) some hundredths of a second, many at a time too
 *     attach NUMBER FILE     the device is now the file's content: it gets a size, with a `change` event
 *     detach NUMBER          it is empty again
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* include/uapi/linux/loop.h */
enum { LOOP_SET_FD = 0x4C00, LOOP_CLR_FD = 0x4C01, LOOP_CTL_ADD = 0x4C80, LOOP_CTL_REMOVE = 0x4C81 };

static int control;

static int *made;
static size_t made_count, made_capacity;

/* Somebody, such as udev, may be looking at a device; that does not take long. */
enum { MOST_TRIES = 250, PAUSE_IN_MICROSECONDS = 20000 };

static int control_patiently(int device, unsigned long request, long argument) {
  int result = ioctl(device, request, argument);
  for (int tries = 1; result < 0 && errno == EBUSY && tries < MOST_TRIES; tries++) {
    usleep(PAUSE_IN_MICROSECONDS);
    result = ioctl(device, request, argument);
  }
  return result;
}

static int fails(const char *what) {
  printf("error %s: %s\n", what, strerror(errno));
  return 0;
}

static void remember(int number) {
  if (made_count == made_capacity) {
    made_capacity = made_capacity == 0 ? 64 : made_capacity * 2;
    made = realloc(made, made_capacity * sizeof *made);
    if (made == NULL) abort();
  }
  made[made_count++] = number;
}

static void add_devices(long count) {
  const size_t first = made_count;
  for (long i = 0; i < count; i++) {
    const int number = ioctl(control, LOOP_CTL_ADD, -1L);
    if (number < 0) {
      fails("add");
      return;
    }
    remember(number);
  }
  printf("ok");
  for (size_t i = first; i < made_count; i++) printf(" %d", made[i]);
  putchar('\n');
}

static void make_devices(void) {
  for (char *number = strtok(NULL, " "); number != NULL; number = strtok(NULL, " ")) {
    if (ioctl(control, LOOP_CTL_ADD, atol(number)) < 0) {
      fails("make");
      return;
    }
    remember(atoi(number));
  }
  puts("ok");
}

static int remove_device(int number) {
  size_t place = 0;
  while (place < made_count && made[place] != number) place++;
  if (place == made_count) {
    errno = EPERM;
    return -1;
  }
  if (control_patiently(control, LOOP_CTL_REMOVE, number) < 0) return -1;
  made[place] = made[--made_count];
  return 0;
}

static void remove_devices(void) {
  for (char *number = strtok(NULL, " "); number != NULL; number = strtok(NULL, " ")) {
    if (remove_device(atoi(number)) < 0) {
      fails("remove");
      return;
    }
  }
  puts("ok");
}

static int input_has_ended(void) {
  struct pollfd input = {STDIN_FILENO, POLLRDHUP, 0};
  return poll(&input, 1, 0) > 0 && (input.revents & (POLLHUP | POLLRDHUP | POLLERR)) != 0;
}

struct churn {
  pthread_mutex_t mutex;
  long left;
  int failure;
};

static int take_turn(struct churn *churn) {
  pthread_mutex_lock(&churn->mutex);
  const int goes_on = churn->failure == 0 && churn->left-- > 0;
  pthread_mutex_unlock(&churn->mutex);
  return goes_on && !input_has_ended();
}

static void *make_and_remove(void *data) {
  struct churn *churn = data;
  while (take_turn(churn)) {
    const int number = ioctl(control, LOOP_CTL_ADD, -1L);
    if (number >= 0 && control_patiently(control, LOOP_CTL_REMOVE, number) >= 0) continue;
    pthread_mutex_lock(&churn->mutex);
    churn->failure = errno;
    if (number >= 0) remember(number);
    pthread_mutex_unlock(&churn->mutex);
  }
  return NULL;
}

static void churn(long count, long worker_count) {
  enum { MOST_WORKERS = 64 };
  struct churn churn = {PTHREAD_MUTEX_INITIALIZER, count, 0};
  pthread_t workers[MOST_WORKERS];
  long started = 0;
  while (started < worker_count && started < MOST_WORKERS &&
         pthread_create(&workers[started], NULL, make_and_remove, &churn) == 0) {
    started++;
  }
  for (long i = 0; i < started; i++) pthread_join(workers[i], NULL);
  errno = started == 0 ? EAGAIN : churn.failure;
  if (errno != 0) fails("churn");
  else puts("ok");
}

static int open_device(int number) {
  char path[32];
  snprintf(path, sizeof path, "/dev/loop%d", number);
  return open(path, O_RDWR | O_CLOEXEC);
}

static void attach(int number, const char *path) {
  const int file = open(path, O_RDWR | O_CLOEXEC);
  const int device = open_device(number);
  if (file < 0 || device < 0 || ioctl(device, LOOP_SET_FD, (long)file) < 0) fails("attach");
  else puts("ok");
  if (device >= 0) close(device);
  if (file >= 0) close(file);
}

static void detach(int number) {
  const int device = open_device(number);
  if (device < 0 || control_patiently(device, LOOP_CLR_FD, 0) < 0) fails("detach");
  else puts("ok");
  if (device >= 0) close(device);
}

static void answer(char *line) {
  line[strcspn(line, "\n")] = '\0';
  const char *command = strtok(line, " ");
  if (command != NULL && strcmp(command, "remove") == 0) {
    remove_devices();
    return;
  }
  if (command != NULL && strcmp(command, "make") == 0) {
    make_devices();
    return;
  }
  const char *number = strtok(NULL, " ");
  const char *rest = strtok(NULL, "");
  if (command == NULL || number == NULL) puts("error not a command");
  else if (strcmp(command, "add") == 0) add_devices(atol(number));
  else if (strcmp(command, "churn") == 0 && rest != NULL) churn(atol(number), atol(rest));
  else if (strcmp(command, "attach") == 0 && rest != NULL) attach(atoi(number), rest);
  else if (strcmp(command, "detach") == 0) detach(atoi(number));
  else puts("error not a command");
}

int main(void) {
  static char *line;
  size_t capacity = 0;
  /* Ctrl-C reaches every process of the terminal; the parent's end, seen as that of the input, is what counts. */
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  if (control < 0) fails("/dev/loop-control");
  else puts("ok");
  fflush(stdout);
  while (control >= 0 && getline(&line, &capacity, stdin) != -1) {
    answer(line);
    fflush(stdout);
  }

  int left = 0;
  while (made_count > 0) {
    const int number = made[--made_count];
    const int device = open_device(number);
    if (device >= 0) {
      ioctl(device, LOOP_CLR_FD, 0L);
      close(device);
    }
    if (control_patiently(control, LOOP_CTL_REMOVE, number) < 0) {
      fprintf(stderr, "loop%d stays: %s\n", number, strerror(errno));
      left++;
    }
  }
  return control < 0 || left > 0;
}
