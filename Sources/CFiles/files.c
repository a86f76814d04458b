#define _FILE_OFFSET_BITS 64
#define _GNU_SOURCE  // preadv2

#include "CFiles.h"

#include <errno.h>
#include <poll.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>

/// One system call moves at most this much: some systems refuse 2 GiB and above.
static const int64_t largestTransfer = (int64_t)1 << 30;

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static int argument_count = -1;
static char **argument_values;

// These systems hand the arguments to constructors; elsewhere they stay unknown.
#if defined(__GLIBC__) || defined(__APPLE__)
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
  argument_count = count;
  argument_values = values;
}
#endif

int cfiles_argument_count(void) { return argument_count; }

int64_t cfiles_argument(int number, void *array, int64_t count) {
  int64_t length = (int64_t)strlen(argument_values[number]);
  memcpy(array, argument_values[number], (size_t)smaller(length, count));
  return length;
}

static volatile sig_atomic_t interrupts;

static void count_interrupt(int signal) {
  (void)signal;
  interrupts = interrupts + 1;
  if (interrupts > 1) _exit(130);
}

void cfiles_count_interrupts(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = count_interrupt;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
}

int cfiles_interrupts(void) { return (int)interrupts; }

int64_t cfiles_read(int descriptor, int64_t position, void *array, int64_t offset, int64_t count) {
  uint8_t *target = (uint8_t *)array + offset;
  int64_t done = 0;
  while (done < count) {
    ssize_t got = pread(descriptor, target + done, (size_t)smaller(count - done, largestTransfer), position + done);
    if (got < 0) {
      if (errno == EINTR) continue;
      return -(int64_t)errno;
    }
    if (got == 0) break;
    done += got;
  }
  return done;
}

int64_t cfiles_size(int descriptor) {
  struct stat status;
  return fstat(descriptor, &status) == 0 ? (int64_t)status.st_size : -(int64_t)errno;
}

void cfiles_will_need(int descriptor, int64_t position, int64_t count) {
#ifdef POSIX_FADV_WILLNEED
  posix_fadvise(descriptor, position, count, POSIX_FADV_WILLNEED);
#else
  (void)descriptor, (void)position, (void)count;
#endif
}

int cfiles_is_cached(int descriptor, int64_t position) {
#ifdef RWF_NOWAIT
  uint8_t byte;
  struct iovec part = {&byte, 1};
  return preadv2(descriptor, &part, 1, position, RWF_NOWAIT) == 1;
#else
  (void)descriptor, (void)position;
  return 0;
#endif
}

struct cfiles_window {
  uint8_t *pages;
  size_t size;   // of the pages
  size_t first;  // of the bytes asked for, in the pages
};

cfiles_window_ref cfiles_map(int descriptor, int64_t position, int64_t count, int32_t *error) {
  cfiles_window_ref window = malloc(sizeof(struct cfiles_window));
  if (!window) {
    *error = ENOMEM;
    return NULL;
  }
  window->first = (size_t)(position % sysconf(_SC_PAGESIZE));
  window->size = window->first + (size_t)count;
  window->pages = mmap(NULL, window->size, PROT_READ, MAP_SHARED, descriptor, position - (int64_t)window->first);
  if (window->pages == MAP_FAILED) {
    *error = errno;
    free(window);
    return NULL;
  }
  madvise(window->pages, window->size, MADV_SEQUENTIAL);
  return window;
}

void cfiles_unmap(cfiles_window_ref window) {
  munmap(window->pages, window->size);
  free(window);
}

void cfiles_copy(cfiles_window_ref window, int64_t from, void *array, int64_t offset, int64_t count) {
  memcpy((uint8_t *)array + offset, window->pages + window->first + from, (size_t)count);
}

int64_t cfiles_receive(int descriptor, void *array, int64_t offset, int64_t count) {
  ssize_t got;
  do got = read(descriptor, (uint8_t *)array + offset, (size_t)smaller(count, largestTransfer));
  while (got < 0 && errno == EINTR);
  return got < 0 ? -(int64_t)errno : got;
}

int cfiles_is_ready(int descriptor) {
  struct pollfd request = {descriptor, POLLIN, 0};
  return poll(&request, 1, 0) > 0;
}

int64_t cfiles_write(int descriptor, const void *array, int64_t offset, int64_t count) {
  const uint8_t *source = (const uint8_t *)array + offset;
  int64_t done = 0;
  while (done < count) {
    ssize_t put = write(descriptor, source + done, (size_t)smaller(count - done, largestTransfer));
    if (put < 0) {
      if (errno == EINTR) continue;
      return -(int64_t)errno;
    }
    done += put;
  }
  return 0;
}

int cfiles_sync(int descriptor) {
#ifdef F_FULLFSYNC
  if (fcntl(descriptor, F_FULLFSYNC) == 0) return 0;
#endif
  return fsync(descriptor) == 0 ? 0 : -errno;
}

int64_t cfiles_find(const void *array, int64_t from, int64_t to, uint8_t byte) {
  if (to <= from) return -1;
  const uint8_t *bytes = array;
  const uint8_t *found = memchr(bytes + from, byte, (size_t)(to - from));
  return found ? found - bytes : -1;
}

int64_t cfiles_count(const void *array, int64_t count, uint8_t byte) {
  const uint8_t *bytes = array;
  int64_t total = 0;
  for (int64_t i = 0; i < count; i++) total += bytes[i] == byte;
  return total;
}

void cfiles_move_to_start(void *array, int64_t from, int64_t count) {
  memmove(array, (uint8_t *)array + from, (size_t)count);
}

uint32_t cfiles_crc32(uint32_t crc, const void *array, int64_t offset, int64_t count) {
  const uint8_t *bytes = (const uint8_t *)array + offset;
  uLong value = crc;
  while (count > 0) {
    uInt step = (uInt)smaller(count, largestTransfer);
    value = crc32(value, bytes, step);
    bytes += step;
    count -= step;
  }
  return (uint32_t)value;
}

struct cfiles_inflater {
  z_stream stream;
};

cfiles_inflater_ref cfiles_inflater_create(int is_gzip) {
  cfiles_inflater_ref inflater = calloc(1, sizeof(struct cfiles_inflater));
  if (inflater && inflateInit2(&inflater->stream, is_gzip ? 16 + MAX_WBITS : -MAX_WBITS) != Z_OK) {
    free(inflater);
    return NULL;
  }
  return inflater;
}

void cfiles_inflater_restart(cfiles_inflater_ref inflater) { inflateReset(&inflater->stream); }

void cfiles_inflater_destroy(cfiles_inflater_ref inflater) {
  if (!inflater) return;
  inflateEnd(&inflater->stream);
  free(inflater);
}

cfiles_inflate_result cfiles_inflate(cfiles_inflater_ref inflater, const uint8_t *input, int64_t from, int64_t to,
                                     void *output, int64_t offset, int64_t count) {
  z_stream *stream = &inflater->stream;
  uInt given = (uInt)smaller(to - from, largestTransfer);
  uInt room = (uInt)smaller(count, largestTransfer);
  stream->next_in = (Bytef *)(input + from);
  stream->avail_in = given;
  stream->next_out = (Bytef *)output + offset;
  stream->avail_out = room;
  int status = inflate(stream, Z_NO_FLUSH);
  cfiles_inflate_result result;
  result.consumed = given - stream->avail_in;
  result.produced = room - stream->avail_out;
  result.ended = status == Z_STREAM_END;
  result.failed = status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR;
  return result;
}
