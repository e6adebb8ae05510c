// SPDX-License-Identifier: Apache-2.0
// Work shared among threads: OpenMP where the compiler has it (and then the same pool that LibTorch uses),
// one thread otherwise.
#pragma once

#include <cstdint>
#include <exception>
#ifdef _OPENMP
#include <omp.h>
#endif

namespace ditscope::kernels {

// 0 or less asks for all hardware threads.
inline int resolveThreads(int threads) {
#ifdef _OPENMP
  return threads > 0 ? threads : omp_get_max_threads();
#else
  (void)threads;
  return 1;
#endif
}

// Calls task(index, thread) for every index below count; low indices start first. The first exception of a
// task is thrown again when all have ended.
template <class Task>
void parallelFor(int64_t count, int threads, const Task& task) {
#ifdef _OPENMP
  if (threads > 1 && count > 1) {
    std::exception_ptr failure;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
    for (int64_t i = 0; i < count; ++i) {
      try {
        task(i, omp_get_thread_num());
      } catch (...) {
#pragma omp critical(ditscope_parallel_for)
        if (!failure) failure = std::current_exception();
      }
    }
    if (failure) std::rethrow_exception(failure);
    return;
  }
#endif
  (void)threads;
  for (int64_t i = 0; i < count; ++i) task(i, 0);
}

}  // namespace ditscope::kernels
