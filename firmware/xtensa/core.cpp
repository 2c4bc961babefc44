// Cores on boards whose every part is the host's: what a core asks is sent as a call, and what the
// host sends is a boot of one of them or bytes for its console.
#include <new>

#include "har/console.hpp"
#include "registers.hpp"

namespace {

enum Order : std::uint32_t { kBoot, kReceive };
enum Call : std::uint32_t {
  kReturned,
  kWrite,
  kDrain,
  kMicros,
  kMarker,
  kTimestamp,
  kWait,
  kLoad,
  kInvoke,
  kProfile,
  kRunning,
  kInterrupted,
  kSensorWrite,
  kSensorRead,
  kSleep
};

constexpr std::size_t kBoards = 4;
constexpr std::size_t kTextSize = 256;
constexpr std::size_t kOperators = 16;
constexpr std::size_t kPartitionBytes = 0x2f0000;  // as in partitions.csv
constexpr std::size_t kReceivedBytes = 256 * 1024;

struct Name {
  char text[kTextSize];
};

struct TensorFacts {
  std::uint32_t type;
  std::uint32_t elements;
  std::uint32_t bytes;
  float scale;
  std::int32_t zero_point;

  har::Tensor tensor() const {
    return {static_cast<har::ElementType>(type), elements, bytes, scale, zero_point};
  }
};

void put_bytes(har::Bytes bytes) {
  host::put(static_cast<std::uint32_t>(bytes.size));
  host::write(bytes.data, bytes.size);
}

template <typename Value>
Value answer_to(Call call) {
  host::put(call);
  return host::next<Value>();
}

class HostPort final : public har::Port {
 public:
  HostPort(har::Bytes partition, std::uint32_t clock_hz, const Name& name, const Name& version)
      : partition_(partition), clock_hz_(clock_hz), name_(name), version_(version) {}

  std::string_view name() const override { return name_.text; }
  std::string_view version() const override { return version_.text; }
  std::uint32_t clock_hz() const override { return clock_hz_; }
  har::Bytes model_partition() override { return partition_; }
  void write(har::Bytes text) override {
    host::put(kWrite);
    put_bytes(text);
  }
  void drain() override { host::put(kDrain); }
  std::uint64_t micros() override { return answer_to<std::uint64_t>(kMicros); }
  void marker(bool level) override {
    host::put(kMarker);
    host::put<std::uint32_t>(level);
  }
  std::uint64_t timestamp() override { return answer_to<std::uint64_t>(kTimestamp); }
  void wait(std::uint32_t micros) override {
    host::put(kWait);
    host::put(micros);
  }
  const char* start_sampling() override {
    if (!sensor_reset_) {
      if (const char* wrong = sensor_.reset()) return wrong;
      sensor_reset_ = true;
      wait(har::mpu6050::kResetMicros);
    }
    return sensor_.start(micros());
  }
  bool read_sample(har::Sample& sample, std::uint32_t timeout_micros) override {
    return har::mpu6050::wait_for_reading(
               sensor_, sample, timeout_micros, [this] { return micros(); },
               [this](std::uint32_t longest) {
                 host::put(kSleep);
                 host::put(longest);
                 return running();
               }) &&
           running();
  }
  void stop_sampling() override { sensor_.stop(); }
  std::string_view idle_between_samples() const override { return "light sleep, sensor on"; }
  bool interrupted() override { return answer_to<std::uint32_t>(kInterrupted) != 0; }
  bool running() const override { return answer_to<std::uint32_t>(kRunning) != 0; }

 private:
  har::Bytes partition_;
  std::uint32_t clock_hz_;
  Name name_;
  Name version_;
  host::Registers bus_{kSensorWrite, kSensorRead};
  har::mpu6050::Sensor sensor_{bus_};
  bool sensor_reset_ = false;
};

class HostRuntime final : public har::Runtime {
 public:
  const char* load(const har::ModelImage& image) override {
    host::put(kLoad);
    host::put_text(image.name);
    host::put_text(image.technique);
    put_bytes(image.model);
    if (refused()) return message_.text;
    input_ = host::next<TensorFacts>();
    output_ = host::next<TensorFacts>();
    arena_used_ = host::next<std::uint32_t>();
    arena_size_ = host::next<std::uint32_t>();
    operators_ = host::next<std::uint32_t>();
    for (std::size_t i = 0; i < operators_; ++i) {
      names_[i] = host::next<Name>();
      micros_[i] = host::next<double>();
    }
    return nullptr;
  }

  har::Tensor input() const override { return input_.tensor(); }
  har::Tensor output() const override { return output_.tensor(); }
  const std::uint8_t* output_data() const override { return data_; }

  const char* invoke(har::Bytes input, std::uint32_t times) override {
    host::put(kInvoke);
    put_bytes(input);
    host::put(times);
    if (refused()) return message_.text;
    host::read(data_, output_.bytes);
    return nullptr;
  }

  std::size_t arena_used() const override { return arena_used_; }
  std::size_t arena_size() const override { return arena_size_; }

  const char* profile() override {
    host::put(kProfile);
    return refused() ? message_.text : nullptr;
  }
  std::size_t operators() const override { return operators_; }
  har::OperatorTime operator_time(std::size_t index) const override {
    return {names_[index].text, micros_[index]};
  }

 private:
  bool refused() {
    if (host::next<std::uint32_t>() == 0) return false;
    message_ = host::next<Name>();
    return true;
  }

  TensorFacts input_{};
  TensorFacts output_{};
  std::size_t arena_used_ = 0;
  std::size_t arena_size_ = 0;
  std::size_t operators_ = 0;
  Name names_[kOperators]{};
  double micros_[kOperators]{};
  Name message_{};
  std::uint8_t data_[har::kInputBytes]{};
};

struct Boot {
  Boot(har::Bytes partition, har::MutableBytes input, std::uint32_t clock_hz, const Name& name,
       const Name& version)
      : port(partition, clock_hz, name, version), console(port, runtime, input) {}

  HostPort port;
  HostRuntime runtime;
  har::Console console;
};

struct Board {
  alignas(16) std::uint8_t partition[kPartitionBytes];
  alignas(16) std::uint8_t input[har::kInputBytes];
  alignas(Boot) std::uint8_t storage[sizeof(Boot)];
  Boot* boot;
};

Board boards[kBoards];
std::uint8_t received[kReceivedBytes];

std::uint32_t next_size(std::size_t most) {
  const auto size = host::next<std::uint32_t>();
  if (size > most) host::fail();
  return size;
}

void boot(Board& board) {
  const auto name = host::next<Name>();
  const auto version = host::next<Name>();
  const auto clock_hz = host::next<std::uint32_t>();
  const std::uint32_t size = next_size(sizeof board.partition);
  host::read(board.partition, size);
  board.boot = new (board.storage) Boot({board.partition, size}, {board.input, sizeof board.input},
                                        clock_hz, name, version);
  board.boot->console.boot();
}

void receive(Board& board) {
  const std::uint32_t size = next_size(sizeof received);
  host::read(received, size);
  board.boot->console.receive({received, size});
}

}  // namespace

int main() {
  Order order{};
  while (host::read(&order, sizeof order)) {
    Board& board = boards[host::next<std::uint32_t>() % kBoards];
    if (order == kBoot) {
      boot(board);
    } else {
      receive(board);
    }
    host::put(kReturned);
  }
  return 0;
}
