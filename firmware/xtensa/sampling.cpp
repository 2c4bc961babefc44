// The sensor's driver and the window buffer, asked by the host, which is the sensor and its bus.
#include <optional>

#include "har/window_buffer.hpp"
#include "registers.hpp"

namespace {

enum Order : std::uint32_t {
  kNewSensor,
  kReset,
  kStart,
  kStop,
  kFetch,
  kFreeBus,
  kNewBuffer,
  kClear,
  kInterrupt,
  kPush,
  kWindow,
  kCounts,
  kBufferBytes
};
enum Call : std::uint32_t { kReturned, kWrite, kRead, kScl, kSda, kSense };

struct HostLines {
  void scl(bool level) { set(kScl, level); }
  void sda(bool level) { set(kSda, level); }
  bool sda() {
    host::put(kSense);
    return host::next<std::uint32_t>() != 0;
  }
  void half_period() {}

 private:
  static void set(Call line, bool level) {
    host::put(line);
    host::put<std::uint32_t>(level);
  }
};

template <typename Value>
void return_value(Value value) {
  host::put(kReturned);
  host::put(value);
}

void return_text(const char* text) {
  host::put(kReturned);
  host::put_text(text == nullptr ? std::string_view{} : text);
}

class Sensor {
 public:
  void obey(Order order) {
    switch (order) {
      case kReset:
        return return_text(driver_->reset());
      case kStart:
        return return_text(driver_->start(host::next<std::uint64_t>()));
      case kFetch:
        return fetch();
      case kFreeBus: {
        HostLines lines;
        return return_value<std::uint32_t>(har::mpu6050::free_bus(lines));
      }
      case kStop:
        driver_->stop();
        break;
      default:
        driver_.emplace(registers_);
    }
    host::put(kReturned);
  }

 private:
  void fetch() {
    har::Sample sample;
    const bool there = driver_->fetch(sample, host::next<std::uint64_t>());
    return_value<std::uint32_t>(there);
    if (there) host::put(sample);
  }

  host::Registers registers_{kWrite, kRead};
  std::optional<har::mpu6050::Sensor> driver_;
};

class Buffer {
 public:
  void obey(Order order) {
    switch (order) {
      case kPush:
        return return_value<std::uint32_t>(buffer_.push(host::next<har::Sample>()));
      case kWindow:
        return return_window();
      case kCounts:
        return return_counts();
      case kBufferBytes:
        return return_value(static_cast<std::uint32_t>(sizeof buffer_));
      case kClear:
        buffer_.clear();
        break;
      case kInterrupt:
        buffer_.interrupt();
        break;
      default:
        buffer_ = {};
    }
    host::put(kReturned);
  }

 private:
  void return_window() const {
    host::put(kReturned);
    for (const har::Bytes& part : buffer_.window()) host::write(part.data, part.size);
  }

  void return_counts() const {
    host::put(kReturned);
    host::put(buffer_.samples());
    host::put(buffer_.gaps());
    host::put(buffer_.missing());
    host::put(buffer_.windows());
  }

  har::WindowBuffer buffer_;
};

}  // namespace

int main() {
  Sensor sensor;
  Buffer buffer;
  Order order{};
  while (host::read(&order, sizeof order)) {
    if (order < kNewBuffer) {
      sensor.obey(order);
    } else {
      buffer.obey(order);
    }
  }
  return 0;
}
