#include "har_core.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "har/console.hpp"
#include "har/mpu6050.hpp"

namespace {

har::Tensor tensor_of(const har_tensor& tensor) {
  har::Tensor found;
  found.type = static_cast<har::ElementType>(tensor.type);
  found.elements = tensor.elements;
  found.bytes = tensor.bytes;
  found.scale = tensor.scale;
  found.zero_point = tensor.zero_point;
  return found;
}

class SensorBus final : public har::mpu6050::Registers {
 public:
  explicit SensorBus(const har_host& host) : host_(host) {}

  bool write(std::uint8_t address, std::uint8_t value) override {
    return host_.sensor_write(host_.context, address, value) != 0;
  }
  bool read(std::uint8_t address, std::uint8_t* data, std::size_t size) override {
    return host_.sensor_read(host_.context, address, data, size) != 0;
  }

 private:
  const har_host& host_;
};

class HostPort final : public har::Port {
 public:
  HostPort(const har_host& host, const har_board& board)
      : host_(host),
        name_(board.name),
        version_(board.version),
        clock_hz_(board.clock_hz),
        partition_{board.partition, board.partition_size} {}

  std::string_view name() const override { return name_; }
  std::string_view version() const override { return version_; }
  std::uint32_t clock_hz() const override { return clock_hz_; }
  har::Bytes model_partition() override { return partition_; }
  void write(har::Bytes text) override { host_.write(host_.context, text.data, text.size); }
  void drain() override { host_.drain(host_.context); }
  std::uint64_t micros() override { return host_.micros(host_.context); }
  void marker(bool level) override { host_.marker(host_.context, level ? 1 : 0); }
  std::uint64_t timestamp() override { return host_.timestamp(host_.context); }
  void wait(std::uint32_t micros) override { host_.wait(host_.context, micros); }
  const char* start_sampling() override {
    if (!sensor_reset_) {
      if (const char* wrong = sensor_.reset()) {
        return wrong;
      }
      sensor_reset_ = true;
      wait(har::mpu6050::kResetMicros);
    }
    return sensor_.start(micros());
  }
  bool read_sample(har::Sample& sample, std::uint32_t timeout_micros) override {
    return har::mpu6050::wait_for_reading(
               sensor_, sample, timeout_micros, [this] { return micros(); },
               [this](std::uint32_t longest) {
                 host_.sleep(host_.context, longest);
                 return running();
               }) &&
           running();
  }
  void stop_sampling() override { sensor_.stop(); }
  std::string_view idle_between_samples() const override { return "light sleep, sensor on"; }
  bool interrupted() override { return host_.interrupted(host_.context) != 0; }
  bool running() const override { return host_.running(host_.context) != 0; }

 private:
  const har_host& host_;
  std::string name_;
  std::string version_;
  std::uint32_t clock_hz_;
  har::Bytes partition_;
  SensorBus bus_{host_};
  har::mpu6050::Sensor sensor_{bus_};
  bool sensor_reset_ = false;
};

class HostRuntime final : public har::Runtime {
 public:
  explicit HostRuntime(const har_host& host) : host_(host) {}

  const char* load(const har::ModelImage& image) override {
    const std::string name(image.name);
    const std::string technique(image.technique);
    har_model model{};
    const int32_t wrong = host_.load(host_.context, name.c_str(), technique.c_str(),
                                     image.model.data, image.model.size, &model, message_.data());
    if (wrong == 0) {
      model_ = model;
      output_.resize(model.output.bytes);
    }
    return why(wrong);
  }

  har::Tensor input() const override { return tensor_of(model_->input); }
  har::Tensor output() const override { return tensor_of(model_->output); }
  const std::uint8_t* output_data() const override { return output_.data(); }

  const char* invoke(har::Bytes input, std::uint32_t times) override {
    return why(host_.invoke(host_.context, input.data, input.size, times, output_.data(),
                            message_.data()));
  }

  std::size_t arena_used() const override { return model_->arena_used; }
  std::size_t arena_size() const override { return model_->arena_size; }
  const char* profile() override { return why(host_.profile(host_.context, message_.data())); }
  std::size_t operators() const override { return model_->operator_count; }
  har::OperatorTime operator_time(std::size_t index) const override {
    return {model_->operators[index].name, model_->operators[index].micros};
  }

 private:
  const char* why(int32_t wrong) const { return wrong == 0 ? nullptr : message_.data(); }

  const har_host& host_;
  // As the chip's: there is nothing to ask before a model has been loaded, and the sanitized build
  // stops where the core asks all the same.
  std::optional<har_model> model_;
  std::vector<std::uint8_t> output_;
  std::array<char, HAR_MESSAGE_SIZE> message_{};
};

}  // namespace

struct har_core {
  har_core(const har_host& callbacks, const har_board& board)
      : host(callbacks),
        port(host, board),
        runtime(host),
        console(port, runtime, {input.data(), input.size()}) {}

  har_host host;
  HostPort port;
  HostRuntime runtime;
  std::array<std::uint8_t, har::kInputBytes> input{};
  har::Console console;
};

har_core* har_core_new(const har_host* host, const har_board* board) {
  return new har_core(*host, *board);
}

void har_core_boot(har_core* core) { core->console.boot(); }

void har_core_receive(har_core* core, const uint8_t* bytes, size_t size) {
  core->console.receive({bytes, size});
}

void har_core_delete(har_core* core) { delete core; }
