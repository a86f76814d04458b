"""How the Python sides of network-steps take times."""

import time


def seconds_of_a_step(step, limit):
    """Wall and CPU seconds: the mean of the steps that fit into `limit` seconds, four at least, 64 at most."""
    count, wall, cpu = 0, time.perf_counter(), time.process_time()
    while count < 64 and (count < 4 or time.perf_counter() < wall + limit):
        step()
        count += 1
    return (time.perf_counter() - wall) / count, (time.process_time() - cpu) / count
