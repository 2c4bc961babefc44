#include "har/console.hpp"

#include <algorithm>
#include <string_view>

#include "har/commands.hpp"
#include "har/words.hpp"

namespace har {
namespace {

constexpr std::uint8_t kEndOfCommand = '%';
constexpr std::size_t kQuoted = 40;

}  // namespace

void Console::boot() {
  application_.load_model();
  application_.reply.line("m-init-done");
  application_.reply.line("m-ready");
  application_.reply.flush();
}

void Console::receive(Bytes bytes) {
  for (std::size_t index = 0; index < bytes.size && application_.port.running(); ++index) {
    const std::uint8_t byte = bytes.data[index];
    if (byte == kEndOfCommand) {
      execute();
      length_ = 0;
    } else if (length_ < command_.size()) {
      command_[length_++] = static_cast<char>(byte);
    } else {
      length_ = command_.size() + 1;
    }
  }
}

void Console::execute() {
  Reply& reply = application_.reply;
  if (length_ > command_.size()) {
    reply.refuse("command longer than ", command_.size());
  } else {
    const std::string_view whole(command_.data(), length_);
    std::string_view rest = whole;
    const std::string_view name = take_word(rest);
    if (const Command* command = find_command(name)) {
      command->run(application_, {command_.data() + (length_ - rest.size()), rest.size()});
    } else {
      reply.put("e-[unknown command: ");
      reply.quoted(trimmed(whole), kQuoted);
      reply.line("]");
    }
  }
  reply.line("m-ready");
  reply.flush();
}

}  // namespace har
