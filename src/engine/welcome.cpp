#include "engine/welcome.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.hpp"

namespace slipway {
namespace {

bool is_for_operator(std::string_view purpose) { return purpose.starts_with("operator_"); }

std::string language_of(const Settings& settings, const Tenant& tenant, std::string_view purpose) {
  if (is_for_operator(purpose)) return settings.mail.language;
  const auto wanted = tenant.sign_up.metadata.find("language");
  if (wanted == tenant.sign_up.metadata.end()) return settings.mail.language;
  const bool known = settings.mail.templates.contains(fmt::format("{}/{}", wanted->second, purpose));
  return known ? wanted->second : settings.mail.language;
}

// The last part of a mail's key; 0 where there is no mail.
unsigned number_of(const Mail* mail) {
  unsigned number = 0;
  if (mail == nullptr) return number;
  const char* const end = mail->key.data() + mail->key.size();
  std::from_chars(mail->key.data() + mail->key.rfind('/') + 1, end, number);
  return number;
}

}  // namespace

void owe_mail(Tenant& tenant, std::string_view purpose) {
  auto& mails = tenant.mails;
  const auto is_pending = [](const Mail& m) { return m.state == MailState::pending; };
  const auto pending = static_cast<std::size_t>(std::count_if(mails.begin(), mails.end(), is_pending));
  if (is_for_operator(purpose) && pending >= mails_kept) return;
  Mail mail;
  mail.purpose = purpose;
  mail.reason = tenant.reason;
  mail.key = fmt::format("{}/{}/{}", tenant.id.value(), purpose, number_of(find_mail(tenant, purpose)) + 1);
  mails.push_back(std::move(mail));
  while (mails.size() > mails_kept) {
    const auto oldest = std::find_if(mails.begin(), mails.end(), [&](const Mail& m) {
      return !is_pending(m) && &m != find_mail(tenant, m.purpose);
    });
    if (oldest == mails.end()) return;
    mails.erase(oldest);
  }
}

Message compose_mail(const Settings& settings, const Tenant& tenant, const Mail& mail) {
  const std::string& purpose = mail.purpose;
  const bool for_operator = is_for_operator(purpose);  // the URL leads nowhere, yet or any more
  const std::string name = fmt::format("{}/{}", language_of(settings, tenant, purpose), purpose);
  const auto found = settings.mail.templates.find(name);
  if (found == settings.mail.templates.end()) {
    throw Error(ErrorKind::invalid, fmt::format("there is no mail template '{}'", name));
  }
  const TemplateValues values = {{"app_name", settings.app.name},
                                 {"company_name", tenant.sign_up.company_name.value()},
                                 {"subdomain", tenant.sign_up.slug.value()},
                                 {"url", for_operator ? std::string() : access_url(settings.access, tenant)},
                                 {"tenant_id", tenant.id.value()},
                                 {"user_id", tenant.sign_up.user_id.value()},
                                 {"admin_email", tenant.sign_up.admin_email.value()},
                                 {"plan", tenant.sign_up.plan.value()},
                                 {"reason", mail.reason.empty() ? tenant.reason : mail.reason}};
  const RenderedMail rendered = render(found->second, values);
  Message message;
  message.from = settings.mail.from;
  message.reply_to = settings.mail.reply_to;
  message.to = for_operator ? settings.mail.operator_address : tenant.sign_up.admin_email.value();
  message.subject = rendered.subject;
  message.text = rendered.text;
  message.html = rendered.html;
  return message;
}

}  // namespace slipway
