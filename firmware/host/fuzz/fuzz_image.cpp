// Any bytes in the model partition, as they are and with checksums that are right: a device boots
// and says what it holds, or why it holds nothing; what it holds lies inside the partition.
#include <cstdlib>

#include "board.hpp"
#include "har/console.hpp"
#include "image_bytes.hpp"

namespace {

bool is_inside(const std::vector<std::uint8_t>& partition, const void* data, std::size_t size) {
  const auto* begin = static_cast<const std::uint8_t*>(data);
  return begin >= partition.data() && begin + size <= partition.data() + partition.size();
}

void boot(const std::vector<std::uint8_t>& partition) {
  const har::Bytes bytes{partition.data(), partition.size()};
  har::ModelImage image;
  har::Text why;
  if (har::read_model_partition(bytes, image, why)) {
    if (!is_inside(partition, image.name.data(), image.name.size()) ||
        !is_inside(partition, image.technique.data(), image.technique.size()) ||
        !is_inside(partition, image.model.data, image.model.size) ||
        image.standardisation.channels > har::kMaxChannels) {
      std::abort();
    }
  } else if (why.view().empty()) {
    std::abort();
  }
  har::QuietPort port(bytes);
  har::EchoRuntime runtime(har::ElementType::kInt8);
  std::vector<std::uint8_t> input(256);
  har::Console console(port, runtime, {input.data(), input.size()});
  console.boot();
  constexpr std::string_view kAsk =
      "model%profile%arena%ops%results%live 1%db load 32%db 000080ff0000807f0000c07f0000000012345678%"
      "db 9abcdef0ffffffff00000080%infer 1 0%db load 8%db 0011223344556677%infer 1%";
  console.receive({reinterpret_cast<const std::uint8_t*>(kAsk.data()), kAsk.size()});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> partition(data, data + size);
  boot(partition);
  har::seal(partition);
  boot(partition);
  return 0;
}
