#include "base/json.hpp"
#include "drivers/runtime/docker/container_state.hpp"
#include "drivers/runtime/docker/engine_client.hpp"
#include "drivers/runtime/docker/engine_error.hpp"
#include "tests/fuzz/fuzz.hpp"

// What a Docker engine, or what claims to be one, answers: a status (first line) and a body. It ends in timelines, in
// reasons that customers' operators read, and in logs.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  using namespace slipway::docker;
  fuzz::Input input(data, size);
  const int status = input.byte() * 4;
  const std::string_view body = input.rest();

  fuzz::accepts([&] {
    const net::Response response{status, {}, std::string(body)};
    const boost::json::object object = as_object(response);
    const Instance instance = instance_of_inspect(object);
    fuzz::require(!instance.host_port || instance.host_port->value() != 0, "a port is not 0");
    status_of(object);
    fuzz::accepts([&] { instance_of_list(object); });
    fuzz::accepts([&] { stats_of(object); });
  });
  fuzz::accepts([&] { as_array({status, {}, std::string(body)}); });

  const std::string message = message_of(body);
  fuzz::require(!message.empty() && message.size() <= 600, "a message has its limit", message);
  fuzz::require(!has_control_characters(message), "a message is one line of UTF-8", message);
  for (const Error& error : {engine_error(status, body, "start container"), pull_error(body, "shop:1")}) {
    fuzz::require(!has_control_characters(error.message()), "an error is one line of UTF-8", error.message());
    fuzz::require(error.message().size() <= 1'000, "an error has its limit", error.message());
  }
  return 0;
}
