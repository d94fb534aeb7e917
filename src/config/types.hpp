#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.hpp"

// The types of the values of slipway.yaml.
namespace slipway::config {

enum class Form { text, templated, secret, path, pattern, choice, whole, decimal, flag };

// What a type is called, and what a JSON schema can tell of its values.
struct Kind {
  std::string name;  // in the reference: "duration"
  Form form = Form::text;
  std::string pattern;               // of Form::pattern: a regular expression that every value matches
  std::vector<std::string> choices;  // of Form::choice
  double least = 0;                  // of numbers
  double most = 0;
  bool list = false;
  bool free_text = false;  // what a variable puts here may be a secret: shown as it is written, with ${NAME}
};

// `parse` throws Error(invalid) whose message goes on after the value: "is not a port: 1 to 65535". It never repeats
// the value, which may be a secret; what does repeat a part of it is the error's first field, and is shown only if the
// value itself may be.
template <class V>
struct Type {
  Kind kind;
  std::function<V(std::string_view)> parse;
};
using Text = Type<std::string>;

Type<bool> flag();
Type<std::uint64_t> whole(std::uint64_t least, std::uint64_t most);
Type<double> decimal(double least, double most);
Type<Millis> duration(Millis longest = std::chrono::hours(366 *
                                                          24));  // "500ms", "30s", "5m", "1h", "2d"; longer than 0
Type<std::uint64_t> bytes();        // "512B", "256MiB", "1GiB"; K, M, G and T are the same powers of 1024
Type<std::uint64_t> memory();       // at least what Docker takes
Type<std::uint64_t> volume_size();  // of EBS: whole GiB
Type<std::uint64_t> log_days();     // as CloudWatch takes them
Type<std::uint16_t> port();         // 1 to 65535
Type<Config::PortRange> port_range();
Type<api::AddressRange> address_range();  // "127.0.0.1", "10.0.0.0/8"
Type<Config::Listen> listen();            // "127.0.0.1:8080", "[::1]:8080"; port 0 takes any free one

Text text();      // UTF-8, 1 to 255 bytes, no control characters
Text argument();  // of a command: anything without a zero byte
Text name();      // what Docker and paths take: [a-z0-9][a-z0-9_-]{0,62}
Text plan_name();
Text variable_name();
Text env_template();  // only names that are known
Text image();
Text health_path();
Text mount_path();
Text capability();
Text ipv4();          // or empty
Text ipv4_or_auto();  // "auto" is empty
Text subnet();        // "172.30.0.0/16"
Text host();          // a name or an address
Text origin();        // "https://shop.example", or "*"
Text http_url();
Text docker_host();     // unix, tcp, http or https
Text mail_address();    // ann@example.com
Text mailbox();         // "Shop <hello@shop.example>" or a bare address
Text subdomain();       // lower-cased
Text stack_name();      // of CloudFormation
Text path();            // `parse` gets it absolute, and empty for none
Type<Secret> secret();  // one line
Type<Secret> database_url();

template <class V>
Type<V> list(Type<V> item) {
  item.kind = {.name = "list of text", .list = true, .free_text = true};
  return item;
}

// One of these words, each of which stands for a value.
Type<std::size_t> choice_of(std::vector<std::string> words);
template <class V>
Type<V> choice(const std::vector<std::pair<std::string, V>>& choices) {
  std::vector<std::string> words;
  for (const auto& [word, value] : choices) words.push_back(word);
  const auto place = choice_of(std::move(words));
  return {place.kind, [place, choices](std::string_view text) { return choices[place.parse(text)].second; }};
}
Text one_of(const std::vector<std::string>& words);

}  // namespace slipway::config
