/* The kernels of har/hybrid_dense.hpp for programs that load them from a shared library.
 *
 * Every array is the caller's; shapes, meaning and order are those of the C++ functions. Each
 * function returns 0, or the number of the har::Status that says why nothing was computed. */
#ifndef HAR_HYBRID_DENSE_H
#define HAR_HYBRID_DENSE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define HAR_API __declspec(dllexport)
#else
#define HAR_API __attribute__((visibility("default")))
#endif

/* `scales` are one or `units`; `bias` may be null; `scratch` has at least `inputs` bytes. */
HAR_API int32_t har_hybrid_dense(const int8_t* weights, const float* scales, int32_t scale_count,
                                 const float* bias, int32_t units, int32_t inputs,
                                 int32_t asymmetric, int32_t activation, const float* input,
                                 int32_t rows, uint8_t* scratch, int32_t scratch_bytes,
                                 float* output);

HAR_API int32_t har_float_dense(const float* weights, const float* bias, int32_t units,
                                int32_t inputs, int32_t activation, const float* input,
                                int32_t rows, float* output);

HAR_API int32_t har_softmax(const float* input, int32_t rows, int32_t width, float beta,
                            float* output);

#ifdef __cplusplus
}
#endif

#endif
