#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H
#include <stdint.h>

/* Heap allocations that the calling thread has made since it started. */
uint64_t allocation_count(void);
/* Whether they are counted on this platform (glibc: yes). */
int allocations_are_counted(void);

#endif
