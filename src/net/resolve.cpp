#include "net/resolve.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/text.hpp"

namespace slipway::net {

namespace {
constexpr std::string_view kSslip = ".sslip.io";
constexpr int kLookupLimit = 16;

// The octet at the start of `text`, and how many characters it takes.
std::optional<std::size_t> octet_length(std::string_view text) {
  unsigned value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + std::min<std::size_t>(text.size(), 3), value);
  if (ec != std::errc{} || value > 255) return std::nullopt;
  return static_cast<std::size_t>(end - text.data());
}

// Four octets with `separator` between them at the start of `text`, ending at its end or at a dot or dash.
std::optional<std::string> address_at(std::string_view text, char separator) {
  std::string address;
  for (int octet = 0; octet < 4; ++octet) {
    if (octet > 0) {
      if (text.empty() || text.front() != separator) return std::nullopt;
      text.remove_prefix(1);
      address += '.';
    }
    const auto length = octet_length(text);
    if (!length) return std::nullopt;
    address += text.substr(0, *length);
    text.remove_prefix(*length);
  }
  if (!text.empty() && text.front() != '.' && text.front() != '-') return std::nullopt;
  return address;
}

bool numeric(const std::string& host) {
  in6_addr buffer{};
  return inet_pton(AF_INET, host.c_str(), &buffer) == 1 || inet_pton(AF_INET6, host.c_str(), &buffer) == 1;
}

Resolver::Answer system_lookup(const std::string& host) {
  Resolver::Answer answer;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (const int rc = getaddrinfo(host.c_str(), nullptr, &hints, &found); rc != 0) {
    answer.failure = gai_strerror(rc);
    return answer;
  }
  for (const addrinfo* it = found; it != nullptr; it = it->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(it->ai_addr, it->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) {
      answer.addresses.emplace_back(text);
    }
  }
  freeaddrinfo(found);
  if (answer.addresses.empty()) answer.failure = "the name has no address";
  return answer;
}
}  // namespace

// As sslip.io itself reads a name: dashes before dots, the leftmost address first.
std::optional<std::string> sslip_address(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() <= kSslip.size() || lowered_ascii(host.substr(host.size() - kSslip.size())) != kSslip) {
    return std::nullopt;
  }
  host.remove_suffix(kSslip.size());
  for (const char separator : {'-', '.'}) {
    for (std::size_t start = 0; start < host.size(); ++start) {
      if (start > 0 && host[start - 1] != '.' && host[start - 1] != '-') continue;
      if (auto address = address_at(host.substr(start), separator)) return address;
    }
  }
  return std::nullopt;
}

struct Resolver::Shared {
  std::mutex mutex;
  std::condition_variable_any changed;
  int running = 0;
};

Resolver::Resolver() : shared_(std::make_shared<Shared>()) {}

Resolver::Answer Resolver::resolve(const std::string& host, Deadline deadline, const std::stop_token& stop) {
  Answer answer;
  const std::string name = lowered_ascii(host);
  if (numeric(name)) {
    answer.addresses = {name};
  } else if (name == "localhost" || name.ends_with(".localhost")) {
    answer.addresses = {"127.0.0.1"};
  } else if (auto inside = sslip_address(name)) {
    answer.addresses = {*inside};
  }
  if (!answer.addresses.empty()) return answer;

  std::unique_lock lock(shared_->mutex);
  if (shared_->running >= kLookupLimit) {
    answer.failure = "too many name look-ups are waiting for the system's resolver";
    return answer;
  }
  const auto result = std::make_shared<std::optional<Answer>>();
  try {
    std::thread([shared = shared_, name, result] {
      auto found = system_lookup(name);
      std::lock_guard done(shared->mutex);
      *result = std::move(found);
      --shared->running;
      shared->changed.notify_all();
    }).detach();
    ++shared_->running;  // the thread waits for the lock that is held here
  } catch (const std::system_error&) {
    answer.failure = "the system has no thread to give for the name's look-up";
    return answer;
  }

  const auto arrived = [&] { return result->has_value(); };
  if (deadline == Deadline::max()) {
    shared_->changed.wait(lock, stop, arrived);
  } else {
    shared_->changed.wait_until(lock, stop, deadline, arrived);
  }
  if (result->has_value()) return **result;
  answer.timed_out = true;
  answer.failure = "the name's look-up took too long";
  return answer;
}

}  // namespace slipway::net
