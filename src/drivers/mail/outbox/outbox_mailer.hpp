#pragma once
#include <filesystem>
#include <string>

#include "base/clock.hpp"
#include "contracts/mailer.hpp"

namespace slipway::mail {

// Writes each mail as one RFC 5322 file into a directory, which is made when first needed. A key that has its file
// already is success, and the file stays as it is. What send() has returned is on disk. Thread-safe, also between
// processes. Errors: invalid (the mail), unavailable (the directory or the disk).
class OutboxMailer : public Mailer {
 public:
  OutboxMailer(std::filesystem::path directory, const Clock& clock) : directory_(std::move(directory)), clock_(clock) {}

  std::string send(const Message& message, const std::string& key) override;  // returns the file's path
  std::string check() override;

 private:
  std::filesystem::path directory_;
  const Clock& clock_;
};

// "t_01jd…/welcome/1" -> "t_01jd…+welcome+1.eml". Different keys have different names.
std::string outbox_file_name(const std::string& key);

}  // namespace slipway::mail
