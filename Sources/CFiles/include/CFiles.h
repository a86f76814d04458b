/// The few calls TensorFiles needs at an offset inside an array, where Swift would need an unsafe
/// pointer: positioned reads, writes, a byte search, CRC-32 and inflate; and what the process is told: its arguments as
/// bytes, and interrupts.
///
/// Offsets and counts are in bytes. The Swift caller has checked them against the array.
#ifndef CFILES_H
#define CFILES_H

#include <stdint.h>

/// How many arguments the process was started with, its own name included; -1 where that is not known.
int cfiles_argument_count(void);

/// Copies at most `count` bytes of an argument, as they were given, which need not be UTF-8. Returns how many there are.
int64_t cfiles_argument(int number, void *array, int64_t count);

/// From now on SIGINT (Ctrl-C) is counted and ends nothing; the second ends the process at once, with code 130. Takes no
/// descriptor, of which there may be none left, and interrupted system calls go on.
void cfiles_count_interrupts(void);

/// How many came since then.
int cfiles_interrupts(void);

/// Reads up to `count` bytes at `position` of the file into `array + offset`, going on after
/// interrupted and short reads. Returns the bytes read, fewer only at the end of the file, or -errno.
int64_t cfiles_read(int descriptor, int64_t position, void *array, int64_t offset, int64_t count);

/// The file's size in bytes now, or -errno.
int64_t cfiles_size(int descriptor);

/// Asks the system to have `count` bytes at `position` ready soon: a hint that may be ignored.
void cfiles_will_need(int descriptor, int64_t position, int64_t count);

/// Whether the byte at `position` is in memory already; 0 where the system cannot tell.
int cfiles_is_cached(int descriptor, int64_t position);

/// A mapping of some bytes of a file, for reading in order.
typedef struct cfiles_window *cfiles_window_ref;

/// Maps `count` bytes at `position` (and what their pages hold beside them), which the caller has checked to be in the
/// file. NULL when that cannot be done; then `*error` is errno.
cfiles_window_ref cfiles_map(int descriptor, int64_t position, int64_t count, int32_t *error);
void cfiles_unmap(cfiles_window_ref window);

/// Copies `count` bytes from byte `from` of the bytes mapped to `array + offset`.
void cfiles_copy(cfiles_window_ref window, int64_t from, void *array, int64_t offset, int64_t count);

/// Reads what is at hand, at least a byte and at most `count`, from a pipe or terminal into `array + offset`, waiting
/// where there is nothing yet. Returns the bytes read, 0 at the end, or -errno.
int64_t cfiles_receive(int descriptor, void *array, int64_t offset, int64_t count);

/// Whether `cfiles_receive` would return at once.
int cfiles_is_ready(int descriptor);

/// Writes all `count` bytes of `array + offset`. Returns 0 or -errno.
int64_t cfiles_write(int descriptor, const void *array, int64_t offset, int64_t count);

/// Hands the file's bytes to the disk (F_FULLFSYNC on Apple systems). Returns 0 or -errno.
int cfiles_sync(int descriptor);

/// The first index in `from..<to` whose byte is `byte`, or -1.
int64_t cfiles_find(const void *array, int64_t from, int64_t to, uint8_t byte);

/// How many of the `count` bytes are `byte`.
int64_t cfiles_count(const void *array, int64_t count, uint8_t byte);

/// Moves `count` bytes of one array from `from` to its beginning.
void cfiles_move_to_start(void *array, int64_t from, int64_t count);

/// Continues a CRC-32 (zip's) over `count` bytes of `array + offset`; start with 0.
uint32_t cfiles_crc32(uint32_t crc, const void *array, int64_t offset, int64_t count);

/// An inflate stream: raw, without a wrapper, or of gzip data, whose checksum is verified.
typedef struct cfiles_inflater *cfiles_inflater_ref;

typedef struct {
  int64_t consumed;  ///< bytes of input used
  int64_t produced;  ///< bytes of output written
  int32_t ended;     ///< the stream's last block is complete
  int32_t failed;    ///< the stream is damaged
} cfiles_inflate_result;

/// For raw data, or where `is_gzip` is not 0 for those of gzip. NULL when memory ran out.
cfiles_inflater_ref cfiles_inflater_create(int is_gzip);
/// Begins another stream of the same kind.
void cfiles_inflater_restart(cfiles_inflater_ref inflater);
void cfiles_inflater_destroy(cfiles_inflater_ref inflater);

/// One step from `input[from..<to]` into `count` bytes of `output + offset`.
cfiles_inflate_result cfiles_inflate(cfiles_inflater_ref inflater, const uint8_t *input, int64_t from, int64_t to,
                                     void *output, int64_t offset, int64_t count);

#endif
