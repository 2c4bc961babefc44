/* The window buffer behind a C interface, for its tests; see har::WindowBuffer. */
#ifndef HAR_WINDOW_BUFFER_H
#define HAR_WINDOW_BUFFER_H

#include "har_core.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct har_window_buffer har_window_buffer;

HAR_API har_window_buffer* har_window_buffer_new(void);
HAR_API void har_window_buffer_delete(har_window_buffer* buffer);
HAR_API void har_window_buffer_clear(har_window_buffer* buffer);
HAR_API void har_window_buffer_interrupt(har_window_buffer* buffer);
/* `values`: six; 1 if a window is complete. */
HAR_API int32_t har_window_buffer_push(har_window_buffer* buffer, uint32_t number,
                                       const float* values);
/* `window` has room for 768 values. */
HAR_API void har_window_buffer_window(const har_window_buffer* buffer, float* window);
/* Samples, gaps, missing samples, windows. */
HAR_API void har_window_buffer_counts(const har_window_buffer* buffer, uint32_t* counts);
HAR_API size_t har_window_buffer_size(void);

#ifdef __cplusplus
}
#endif

#endif
