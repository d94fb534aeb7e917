#include "drivers/database/postgres/server_error.hpp"
#include "drivers/mail/resend/resend_mailer.hpp"
#include "drivers/mail/smtp/curl_smtp.hpp"
#include "tests/fuzz/fuzz.hpp"

// What Resend, an SMTP server and Postgres say when they refuse: it becomes an error that can be shown, does not repeat
// a secret, and waits no longer than a day.
namespace {

using namespace slipway;

constexpr std::string_view password = "correct-horse-battery";

void check(const Error& error) {
  fuzz::require(!has_control_characters(error.message()), "an error is one line of UTF-8", error.message());
  fuzz::require(error.message().size() < 2'000, "an error has its limit", error.message());
  const auto wait = error.retry_after();
  fuzz::require(!wait || (*wait >= std::chrono::seconds(1) && *wait <= std::chrono::hours(24)), "a wait is sensible");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const int status = 400 + input.byte() % 200;
  const std::string wait = input.line();
  const std::string_view body = input.rest();

  check(mail::resend_error({status, {{"Retry-After", wait}}, std::string(body)}));

  const mail::SmtpOptions options{
      .host = "smtp.example.com", .user = "shop", .password = Secret(std::string(password))};
  const Error smtp = mail::smtp_error(options, status % 100, wait, body);
  check(smtp);
  fuzz::require(smtp.message().find(password) == std::string::npos, "no error repeats the password", smtp.message());

  const postgres::ServerError server = postgres::parse_connect_error(body);
  fuzz::require(server.sqlstate.empty() || server.sqlstate.size() == 5, "an SQLSTATE has five characters");
  fuzz::require(server.text.find('\n') == std::string::npos, "the server's words are one line", server.text);
  postgres::kind_of_connect(server);
  postgres::kind_of_statement(server);
  return 0;
}
