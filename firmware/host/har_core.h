/* The core behind a C interface, for a simulated board to run it.
 *
 * Nothing here is global: each core is one boot of one board. Calls into a core and its calls back
 * come from one thread at a time. Texts are valid as long as the call that they are given to.
 */
#ifndef HAR_CORE_H
#define HAR_CORE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HAR_API __attribute__((visibility("default")))

typedef struct har_core har_core;

/* Element types of tensors, in the order of har::ElementType. */
enum { HAR_OTHER, HAR_FLOAT32, HAR_INT8, HAR_UINT8, HAR_INT16, HAR_INT32 };

/* As har::Tensor; `scale` is 0 for a tensor without quantisation. */
typedef struct {
  int32_t type;
  int32_t zero_point;
  float scale;
  size_t elements;
  size_t bytes;
} har_tensor;

typedef struct {
  const char* name;
  double micros;
} har_operator;

/* A loaded model; `operators` stays valid as long as the core. */
typedef struct {
  har_tensor input;
  har_tensor output;
  size_t arena_used;
  size_t arena_size;
  size_t operator_count;
  const har_operator* operators;
} har_model;

/* Room, with the final zero, where a call-back says in words what is wrong. */
#define HAR_MESSAGE_SIZE 256

/* The board; see har::Port and har::Runtime. `context` is handed back with each call. */
typedef struct {
  void* context;

  void (*write)(void* context, const uint8_t* text, size_t size);
  void (*drain)(void* context);
  uint64_t (*micros)(void* context);
  void (*marker)(void* context, int32_t level);
  uint64_t (*timestamp)(void* context);
  void (*wait)(void* context, uint32_t micros);
  int32_t (*running)(void* context);
  /* Whether bytes have come on the console; they are discarded. */
  int32_t (*interrupted)(void* context);

  /* The sensor on its bus, as har::mpu6050::Registers: 1 if it acknowledged. */
  int32_t (*sensor_write)(void* context, uint8_t address, uint8_t value);
  int32_t (*sensor_read)(void* context, uint8_t address, uint8_t* data, size_t size);
  /* Light sleep until the sensor's interrupt, for `micros` at most. */
  void (*sleep)(void* context, uint32_t micros);

  /* These return 0, or something else and what is wrong in `message`. */
  int32_t (*load)(void* context, const char* name, const char* technique, const uint8_t* model,
                  size_t size, har_model* loaded, char* message);
  /* `output` has room for the output tensor. */
  int32_t (*invoke)(void* context, const uint8_t* input, size_t size, uint32_t times,
                    uint8_t* output, char* message);
  int32_t (*profile)(void* context, char* message);
} har_host;

/* What the board is: its application's description, its clock, and its mapped model partition (size
 * 0: none), which must stay where it is as long as the core. */
typedef struct {
  const char* name;
  const char* version;
  uint32_t clock_hz;
  const uint8_t* partition;
  size_t partition_size;
} har_board;

HAR_API har_core* har_core_new(const har_host* host, const har_board* board);
HAR_API void har_core_boot(har_core* core);
HAR_API void har_core_receive(har_core* core, const uint8_t* bytes, size_t size);
HAR_API void har_core_delete(har_core* core);

#ifdef __cplusplus
}
#endif

#endif
