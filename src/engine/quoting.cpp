#include "engine/quoting.hpp"

namespace slipway {
namespace {

constexpr std::string_view base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view hexadecimal = "0123456789abcdefABCDEF";

// What Slipway gives out and keeps no copy of: "sk_…" are API keys, "token=…" ends a status URL.
struct Shape {
  std::string_view before;
  std::string_view characters;
  std::size_t length;
};
constexpr Shape shapes[] = {{"sk_", base64url, 43}, {"token=", hexadecimal, 32}};

void mask_shape(std::string& text, const Shape& shape) {
  for (auto at = text.find(shape.before); at != text.npos; at = text.find(shape.before, at + 1)) {
    const std::size_t begin = at + shape.before.size();
    const std::size_t end = std::min(text.find_first_not_of(shape.characters, begin), text.size());
    if (end - begin >= shape.length) text.replace(begin, end - begin, "***");
  }
}

}  // namespace

std::string Quoting::operator()(const TenantId& tenant, std::string_view text) const {
  if (text.empty()) return {};
  Mask own;
  own.add(database_.access(tenant).password);
  std::string masked = own(settings_.secrets(text));
  for (const Shape& shape : shapes) mask_shape(masked, shape);
  return masked;
}

void Quoting::mask(Tenant& t) const {
  t.reason = (*this)(t.id, t.reason);
  t.failure = (*this)(t.id, t.failure);
  for (auto& [step, attempt] : t.attempts) attempt.error = (*this)(t.id, attempt.error);
  for (Mail& mail : t.mails) {
    mail.error = (*this)(t.id, mail.error);
    mail.reason = (*this)(t.id, mail.reason);
  }
}

void Quoting::mask(const TenantId& tenant, Event& event) const {
  if (event.kind == "error" || event.kind == "progress") event.message = (*this)(tenant, event.message);
}

}  // namespace slipway
