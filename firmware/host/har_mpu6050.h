/* The MPU-6050's driver behind a C interface, for its tests; see har::mpu6050. */
#ifndef HAR_MPU6050_H
#define HAR_MPU6050_H

#include "har_core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The sensor's registers: 1 if it acknowledged. */
typedef struct {
  int32_t (*write)(uint8_t address, uint8_t value);
  int32_t (*read)(uint8_t address, uint8_t* data, size_t size);
} har_registers;

/* The two lines of its bus, as levels. */
typedef struct {
  void (*scl)(int32_t level);
  void (*sda)(int32_t level);
  int32_t (*sense)(void);
} har_lines;

typedef struct har_mpu6050 har_mpu6050;

HAR_API har_mpu6050* har_mpu6050_new(const har_registers* registers);
HAR_API void har_mpu6050_delete(har_mpu6050* sensor);
/* NULL, or what is wrong. */
HAR_API const char* har_mpu6050_reset(har_mpu6050* sensor);
HAR_API const char* har_mpu6050_start(har_mpu6050* sensor, uint64_t now_micros);
HAR_API void har_mpu6050_stop(har_mpu6050* sensor);
/* `values`: six; 1 if there was a reading. */
HAR_API int32_t har_mpu6050_fetch(har_mpu6050* sensor, uint64_t now_micros, uint32_t* number,
                                  float* values);
/* 1 if SDA is free. */
HAR_API int32_t har_mpu6050_free_bus(const har_lines* lines);

#ifdef __cplusplus
}
#endif

#endif
