#pragma once
#include <condition_variable>
#include <mutex>

#include "aws/credentials.hpp"
#include "aws/surroundings.hpp"

namespace slipway::aws {

// Asks AWS's usual sources in AWS's usual order: environment, profile, container, EC2 instance; only the profile where
// one was asked for. Keeps what it got and fetches anew 15 minutes before the end, while others go on with the old
// ones; where that fails, the old ones serve until they end. Thread-safe. The clock outlives it.
class CredentialChain : public CredentialsProvider {
 public:
  CredentialChain(Surroundings around, const Clock& clock);

  Credentials get() override;
  void refused(const std::string& access_key_id) override;

 private:
  Credentials fetch() const;

  const Surroundings around_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool fetching_ = false;
  std::optional<Credentials> kept_;
  TimePoint next_fetch_{};
};

}  // namespace slipway::aws
