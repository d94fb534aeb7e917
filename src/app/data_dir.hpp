#pragma once
#include <filesystem>
#include <string>

#include "base/random.hpp"
#include "base/secret.hpp"
#include "os/descriptor.hpp"

namespace slipway {

// The directory in which one Slipway keeps everything that must not be lost: the ledger, the master key, the private
// Postgres. Others may pass through it (Postgres runs as a user of its own), but every file in it is private.
class DataDir {
 public:
  explicit DataDir(std::filesystem::path path) : path_(std::move(path)) {}

  // Makes the directory where it is missing. Until this object goes, no other process can hold it: one Slipway at a
  // time works on a ledger. The kernel lets go of it when the process ends, however it ends. Throws conflict, with the
  // holder's process id, and unavailable.
  void lock();

  // The key from which tenants' database passwords follow; made with the ledger. Throws not_found where the ledger is
  // there but the key is not: a new key would lock every tenant out of its database.
  Secret master_key(Random& random) const;

  // What `runtime.driver: auto` must stay with: "docker" once it was taken (the file `runtime` says so), "process"
  // while tenants are here as processes; else empty. Survives a crash at any time.
  std::string runtime_in_use() const;
  void remember_docker() const;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path ledger() const { return path_ / "ledger.db"; }
  std::filesystem::path postgres() const { return path_ / "postgres"; }
  std::filesystem::path processes() const { return path_ / "processes"; }

 private:
  void make() const;

  std::filesystem::path path_;
  os::Descriptor lock_;
};

}  // namespace slipway
