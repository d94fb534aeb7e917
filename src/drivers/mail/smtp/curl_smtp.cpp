#include "drivers/mail/smtp/curl_smtp.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <cctype>
#include <cstring>

#include "base/crypto.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway::mail {
namespace {

constexpr std::size_t reply_limit_bytes = 500;  // of the server's words that an error repeats

// libcurl wants one initialisation before its first use. The language runs this once, whichever thread comes first, and
// libcurl counts its own users, so another library that uses it is not disturbed.
void require_curl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw Error(ErrorKind::internal, "smtp: libcurl cannot be initialised");
}

struct EasyDelete {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct ListDelete {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::size_t give_content(char* buffer, std::size_t size, std::size_t count, void* context) {
  auto& rest = *static_cast<std::string_view*>(context);
  const std::size_t given = rest.copy(buffer, size * count);
  rest.remove_prefix(given);
  return given;
}

// libcurl hands each line of the server's as a "header"; the last reply is kept, all its lines.
std::size_t take_reply_line(char* buffer, std::size_t size, std::size_t count, void* context) {
  auto& reply = *static_cast<std::string*>(context);
  const std::string line = trimmed(std::string_view(buffer, size * count));
  if (line.starts_with("221")) return size * count;  // the answer to QUIT, which follows what it was about
  const bool continues = reply.size() > 3 && reply[3] == '-' && line.substr(0, 3) == reply.substr(0, 3);
  if (!continues) {
    reply = line;
  } else if (reply.size() < reply_limit_bytes) {
    // "550-first" and "550 second" read on as one sentence; the fourth character says whether more is to come.
    reply += line.size() > 4 ? " " + line.substr(4) : "";
    if (line.size() > 3) reply[3] = line[3];
  }
  return size * count;
}

std::size_t ignore_body(char*, std::size_t size, std::size_t count, void*) { return size * count; }

int reply_code(std::string_view reply) {
  int code = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    if (i >= reply.size() || !std::isdigit(static_cast<unsigned char>(reply[i]))) return 0;
    code = code * 10 + (reply[i] - '0');
  }
  return code;
}

std::string without_password(const SmtpOptions& options, std::string_view text) {
  const std::string& password = options.password.reveal();
  // The longest form first: of AUTH PLAIN, then of AUTH LOGIN, then the password itself.
  std::string out = masked(text, Secret(to_base64(std::string(1, '\0') + options.user + '\0' + password)));
  out = masked(out, Secret(to_base64(password)));
  return masked(out, options.password);
}

// What a stranger's server said, fit for an error: one line, no secret, not too long. Looked through twice, since what
// is cleaned may be the password only then.
std::string quotable(const SmtpOptions& options, std::string_view text) {
  const std::string line = without_password(options, without_controls(without_password(options, text)));
  return std::string(cut_to_bytes(line, reply_limit_bytes));
}

std::string server_name(const SmtpOptions& options) { return fmt::format("{}:{}", options.host, options.port); }

void set_connection(CURL* curl, const SmtpOptions& options) {
  const bool bare_ipv6 = options.host.find(':') != std::string::npos && !options.host.starts_with('[');
  const std::string host = bare_ipv6 ? "[" + options.host + "]" : options.host;
  const std::string scheme = options.security == SmtpSecurity::tls ? "smtps" : "smtp";
  curl_easy_setopt(curl, CURLOPT_URL, fmt::format("{}://{}:{}", scheme, host, options.port).c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // the environment's proxies are for web pages
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  // A connection of its own, closed before perform returns: the farewell then falls under the limit for one reply.
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                   static_cast<long>(std::chrono::ceil<std::chrono::seconds>(options.timeout).count()));
  curl_easy_setopt(curl, CURLOPT_USE_SSL,
                   static_cast<long>(options.security == SmtpSecurity::none ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
  if (!options.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_USERNAME, options.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, options.password.reveal().c_str());
  }
}

}  // namespace

Error smtp_error(const SmtpOptions& options, int curl_code, std::string_view curl_text, std::string_view reply) {
  const int code = reply_code(reply);
  const std::string server = server_name(options);
  const std::string said = quotable(options, reply);
  const std::string why = quotable(options, curl_text);
  if (curl_code == CURLE_USE_SSL_FAILED) {
    return Error(ErrorKind::unavailable,
                 fmt::format("smtp {}: the server offers no STARTTLS ({}); nothing was sent in plain text. Is it the "
                             "right port?",
                             server, why));
  }
  if (code == 530 || code == 534 || code == 535 || (curl_code == CURLE_LOGIN_DENIED && code / 100 != 4)) {
    return Error(ErrorKind::unauthorized, fmt::format("smtp {}: the log-in was refused ({}); check the user and the "
                                                      "password",
                                                      server, code / 100 == 5 ? said : why));
  }
  if (code / 100 == 5) {
    return Error(ErrorKind::invalid, fmt::format("smtp {}: the server refused the mail: {}", server, said));
  }
  if (code == 450 || code == 452) {
    return Error(ErrorKind::limited, fmt::format("smtp {}: the server wants it later: {}", server, said));
  }
  if (code / 100 == 4) {
    return Error(ErrorKind::unavailable, fmt::format("smtp {}: the server cannot take it now: {}", server, said));
  }
  switch (curl_code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return Error(ErrorKind::unavailable,
                   fmt::format("smtp {}: the server's certificate is not trusted ({}); check the host's name, or give "
                               "the certificate of its authority",
                               server, why));
    case CURLE_OPERATION_TIMEDOUT:
      return Error(ErrorKind::unavailable,
                   fmt::format("smtp {}: no answer within {} ({})", server, human(options.timeout), why));
    default:
      return Error(ErrorKind::unavailable, fmt::format("smtp {}: {}", server, why));
  }
}

void run_smtp(const SmtpOptions& options, const Delivery& delivery) {
  require_curl();
  const std::unique_ptr<CURL, EasyDelete> handle(curl_easy_init());
  if (!handle) throw Error(ErrorKind::internal, "smtp: libcurl gave no handle");
  CURL* curl = handle.get();
  set_connection(curl, options);

  std::string reply;
  std::array<char, CURL_ERROR_SIZE> text{};
  std::string_view content = delivery.content;
  std::unique_ptr<curl_slist, ListDelete> recipients;
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text.data());
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_reply_line);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore_body);
  if (delivery.to.empty()) {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "NOOP");
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else {
    recipients.reset(curl_slist_append(nullptr, fmt::format("<{}>", delivery.to).c_str()));
    if (!recipients) throw Error(ErrorKind::internal, "smtp: out of memory");
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, fmt::format("<{}>", delivery.from).c_str());
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_content);
    curl_easy_setopt(curl, CURLOPT_READDATA, &content);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(delivery.content.size()));
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK) return;
  throw smtp_error(options, code, text[0] != '\0' ? text.data() : curl_easy_strerror(code), reply);
}

}  // namespace slipway::mail
