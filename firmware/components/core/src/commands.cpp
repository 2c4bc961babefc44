#include "har/commands.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "har/binary_load.hpp"
#include "har/crc32.hpp"
#include "har/live.hpp"
#include "har/measured_run.hpp"
#include "har/words.hpp"

namespace har {
namespace {

constexpr std::uint32_t kMaxInferences = 1'000'000;
constexpr std::uint32_t kDefaultWarmUp = 10;
constexpr std::size_t kPrintedBytesALine = 16;

void say_name(Application& application, Arguments /*none*/) {
  application.reply.line("m-name-dut-[", application.port.name(), "]");
}

void say_profile(Application& application, Arguments /*none*/) {
  Reply& reply = application.reply;
  const ModelImage& image = application.image;
  reply.line("m-profile-[", application.port.name(), " ", application.port.version(), "]");
  reply.put("m-model-[");
  reply.printable(application.has_image ? image.name : "none");
  if (application.has_image) {
    reply.put("-");
    reply.printable(image.technique);
  }
  reply.line("]");
}

void say_timestamp(Application& application, Arguments /*none*/) {
  application.reply.line("m-lap-us-", application.port.timestamp());
}

void say_model(Application& application, Arguments /*none*/) {
  Reply& reply = application.reply;
  const ModelImage& image = application.image;
  if (!application.has_image) {
    return reply.refuse(application.why_not_ready.view());
  }
  reply.put("m-model-name-[");
  reply.printable(image.name);
  reply.put("]\r\nm-model-technique-[");
  reply.printable(image.technique);
  reply.line("]");
  reply.line("m-model-bytes-", image.model.size);
  reply.put("m-model-crc-");
  reply.hex(image.crc);
  reply.end_line();
}

void say_arena(Application& application, Arguments /*none*/) {
  if (application.refuses_to_run()) {
    return;
  }
  application.reply.line("m-arena-used-", application.runtime.arena_used());
  application.reply.line("m-arena-size-", application.runtime.arena_size());
}

void say_clock(Application& application, Arguments /*none*/) {
  application.reply.line("m-clock-hz-", application.port.clock_hz());
}

void say_operators(Application& application, Arguments /*none*/) {
  if (application.refuses_to_run()) {
    return;
  }
  Reply& reply = application.reply;
  if (const char* wrong = application.runtime.profile()) {
    return reply.refuse(wrong);
  }
  for (std::size_t index = 0; index < application.runtime.operators(); ++index) {
    const OperatorTime time = application.runtime.operator_time(index);
    reply.put("m-op-[");
    reply.printable(time.name);
    reply.put("]-us-");
    reply.tenths(time.micros);
    reply.end_line();
  }
}

void take(Application& application, std::string_view command, Bytes data) {
  InputBuffer& input = application.input;
  if (!input.append(data)) {
    application.reply.refuse(command, ": more than the ", input.expected(), " bytes expected");
  } else if (input.complete()) {
    application.reply.line("m-load-done");
  }
}

void expect_input(Application& application, std::string_view digits) {
  InputBuffer& input = application.input;
  const auto most = static_cast<std::uint32_t>(input.capacity());
  const std::optional<std::uint32_t> size = decimal(digits, most);
  if (!size || *size == 0) {
    return application.reply.refuse("db wants: load N, N from 1 to ", most);
  }
  input.expect(*size);
  application.reply.line("m-[Expecting ", *size, " bytes]");
}

void print_input(Application& application) {
  const Bytes loaded = application.input.loaded();
  for (std::size_t at = 0; at < loaded.size && application.port.running();
       at += kPrintedBytesALine) {
    application.reply.put("m-buffer-");
    const std::size_t end = std::min(at + kPrintedBytesALine, loaded.size);
    for (std::size_t index = at; index < end; ++index) {
      application.reply.hex_byte(loaded.data[index]);
    }
    application.reply.end_line();
  }
}

// Two digits become a byte, in place.
std::optional<Bytes> bytes_of_hex(char* digits, std::size_t count) {
  auto* bytes = reinterpret_cast<std::uint8_t*>(digits);
  for (std::size_t index = 0; index + 1 < count; index += 2) {
    const std::optional<std::uint8_t> high = hex_digit(digits[index]);
    const std::optional<std::uint8_t> low = hex_digit(digits[index + 1]);
    if (!high || !low) {
      return std::nullopt;
    }
    bytes[index / 2] = static_cast<std::uint8_t>(*high << 4U | *low);
  }
  return count % 2 == 0 ? std::optional(Bytes{bytes, count / 2}) : std::nullopt;
}

void input_by_text(Application& application, Arguments arguments) {
  const Words words(arguments.text());
  if (words.count == 2 && words.word[0] == "load") {
    return expect_input(application, words.word[1]);
  }
  if (words.count != 1) {
    return application.reply.refuse("db wants: load N, HEX or print");
  }
  const std::string_view word = words.word[0];
  if (word == "print") {
    return print_input(application);
  }
  char* digits = arguments.data + (word.data() - arguments.data);
  const std::optional<Bytes> data = bytes_of_hex(digits, word.size());
  if (!data) {
    return application.reply.refuse("db: not hexadecimal");
  }
  take(application, "db", *data);
}

void input_by_bytes(Application& application, Arguments arguments) {
  std::string_view rest = arguments.text();
  const std::optional<std::uint32_t> wanted = hex_word(take_word(rest));
  if (!wanted || rest.empty()) {
    return application.reply.refuse("bin wants: CRC-32 BYTES");
  }
  char* payload = arguments.data + (arguments.size - rest.size());
  const std::optional<Bytes> data =
      unescaped({reinterpret_cast<std::uint8_t*>(payload), rest.size()});
  if (!data) {
    return application.reply.refuse("bin: ends in an escape");
  }
  if (const std::uint32_t seen = crc32(*data); seen != *wanted) {
    Reply& reply = application.reply;
    reply.put("e-[bin: CRC-32 of ");
    reply.number(data->size);
    reply.put(" bytes is ");
    reply.hex(seen);
    reply.put(", wanted ");
    reply.hex(*wanted);
    return reply.line(": send them again]");
  }
  take(application, "bin", *data);
}

void infer(Application& application, Arguments arguments) {
  const Words words(arguments.text());
  const auto is_number = [](std::string_view word) {
    return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
  };
  const bool warm_up_told = words.count == 2;
  if (words.count < 1 || words.count > 2 || !is_number(words.word[0]) ||
      (warm_up_told && !is_number(words.word[1]))) {
    return application.reply.refuse("infer wants: N [W]");
  }
  const std::optional<std::uint32_t> count = decimal(words.word[0], kMaxInferences);
  const std::optional<std::uint32_t> warm_up =
      warm_up_told ? decimal(words.word[1], kMaxInferences) : kDefaultWarmUp;
  if (!count || *count == 0 || !warm_up) {
    return application.reply.refuse("infer: N and W up to ", kMaxInferences, ", N at least 1");
  }
  if (application.refuses_to_run()) {
    return;
  }
  const Bytes tensor = application.input_tensor();
  if (tensor.data != nullptr) {
    measured_run(application, tensor, *count, *warm_up);
  }
}

void say_results(Application& application, Arguments /*none*/) { application.say_results(); }

void sample_and_infer(Application& application, Arguments arguments) {
  const Words words(arguments.text());
  const std::optional<std::uint32_t> windows = decimal(words.word[0], kMaxInferences);
  const bool outputs = words.count == 2 && words.word[1] == "outputs";
  if (words.count != (outputs ? 2U : 1U) || !windows || *windows == 0) {
    return application.reply.refuse("live wants: N [outputs], N windows from 1 to ",
                                    kMaxInferences);
  }
  if (!application.refuses_to_run()) {
    live(application, *windows, outputs ? LiveLines::kOutputs : LiveLines::kClass);
  }
}

void say_help(Application& application, Arguments /*none*/);

constexpr std::array kCommands{
    Command{"arena", say_arena},       Command{"bin", input_by_bytes},
    Command{"clock", say_clock},       Command{"db", input_by_text},
    Command{"help", say_help},         Command{"infer", infer},
    Command{"live", sample_and_infer}, Command{"model", say_model},
    Command{"name", say_name},         Command{"ops", say_operators},
    Command{"profile", say_profile},   Command{"results", say_results},
    Command{"timestamp", say_timestamp},
};

void say_help(Application& application, Arguments /*none*/) {
  application.reply.put("m-help-[");
  for (const Command& command : kCommands) {
    application.reply.put(&command == kCommands.data() ? "" : " ");
    application.reply.put(command.name);
  }
  application.reply.line("]");
}

}  // namespace

const Command* find_command(std::string_view name) {
  for (const Command& command : kCommands) {
    if (command.name == name) {
      return &command;
    }
  }
  return nullptr;
}

}  // namespace har
