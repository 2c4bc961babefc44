#include "har_window_buffer.h"

#include <algorithm>

#include "har/window_buffer.hpp"

struct har_window_buffer {
  har::WindowBuffer buffer;
};

har_window_buffer* har_window_buffer_new() { return new har_window_buffer; }

void har_window_buffer_delete(har_window_buffer* buffer) { delete buffer; }

void har_window_buffer_clear(har_window_buffer* buffer) { buffer->buffer.clear(); }

void har_window_buffer_interrupt(har_window_buffer* buffer) { buffer->buffer.interrupt(); }

int32_t har_window_buffer_push(har_window_buffer* buffer, uint32_t number, const float* values) {
  har::Sample sample;
  sample.number = number;
  std::copy_n(values, sample.values.size(), sample.values.begin());
  return buffer->buffer.push(sample) ? 1 : 0;
}

void har_window_buffer_window(const har_window_buffer* buffer, float* window) {
  auto* bytes = reinterpret_cast<std::uint8_t*>(window);
  for (const har::Bytes& part : buffer->buffer.window()) {
    bytes = std::copy_n(part.data, part.size, bytes);
  }
}

void har_window_buffer_counts(const har_window_buffer* buffer, uint32_t* counts) {
  counts[0] = buffer->buffer.samples();
  counts[1] = buffer->buffer.gaps();
  counts[2] = buffer->buffer.missing();
  counts[3] = buffer->buffer.windows();
}

size_t har_window_buffer_size() { return sizeof(har::WindowBuffer); }
