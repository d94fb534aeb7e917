#include "tests/fakes/fake_mailer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/text.hpp"

namespace slipway::test {
namespace {

void require_valid(const Message& message, const std::string& key) {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
  if (key.empty() || key.size() > 256 || key.find_first_not_of(allowed) != std::string::npos) {
    throw Error(ErrorKind::invalid, fmt::format("fake mailer: bad key '{}'", key));
  }
  for (const std::string* header : {&message.from, &message.reply_to, &message.to, &message.subject}) {
    if (has_control_characters(*header)) throw Error(ErrorKind::invalid, "fake mailer: control character in a header");
  }
  if (message.to.find('@') == std::string::npos) throw Error(ErrorKind::invalid, "fake mailer: 'to' is no address");
}

auto fields(const Message& m) { return std::tie(m.from, m.reply_to, m.to, m.subject, m.text, m.html); }

}  // namespace

std::string FakeMailer::send(const Message& message, const std::string& key) {
  std::lock_guard lock(mutex_);
  if (down_) throw Error(ErrorKind::unavailable, "fake mailer: down");
  if (!faults_.empty()) {
    const Error fault = faults_.front();
    faults_.erase(faults_.begin());
    throw fault;
  }
  require_valid(message, key);
  auto known = std::find_if(sent_.begin(), sent_.end(), [&](const Sent& s) { return s.key == key; });
  if (known == sent_.end()) {
    known = sent_.insert(known, Sent{key, fmt::format("fake-{}", sent_.size() + 1), message, 1});
  } else if (fields(known->message) != fields(message)) {
    throw Error(ErrorKind::conflict, fmt::format("fake mailer: key '{}' was used for another mail", key));
  } else {
    ++known->calls;
  }
  if (lost_replies_ > 0) {
    --lost_replies_;
    throw Error(ErrorKind::unavailable, "fake mailer: the answer was lost");
  }
  return known->id;
}

std::string FakeMailer::check() {
  std::lock_guard lock(mutex_);
  if (down_) throw Error(ErrorKind::unavailable, "fake mailer: down");
  return "fake mailer";
}

void FakeMailer::fail_next(unsigned n, const Error& error) {
  std::lock_guard lock(mutex_);
  faults_.insert(faults_.end(), n, error);
}

void FakeMailer::lose_replies(unsigned n) {
  std::lock_guard lock(mutex_);
  lost_replies_ += n;
}

void FakeMailer::set_down(bool down) {
  std::lock_guard lock(mutex_);
  down_ = down;
}

std::vector<FakeMailer::Sent> FakeMailer::sent() const {
  std::lock_guard lock(mutex_);
  return sent_;
}

std::optional<FakeMailer::Sent> FakeMailer::find(const std::string& key) const {
  std::lock_guard lock(mutex_);
  for (const Sent& s : sent_) {
    if (s.key == key) return s;
  }
  return std::nullopt;
}

std::size_t FakeMailer::count() const {
  std::lock_guard lock(mutex_);
  return sent_.size();
}

std::size_t FakeMailer::repeats() const {
  std::lock_guard lock(mutex_);
  std::size_t repeats = 0;
  for (const Sent& s : sent_) repeats += s.calls - 1;
  return repeats;
}

}  // namespace slipway::test
