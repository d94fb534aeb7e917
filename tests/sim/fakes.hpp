#pragma once
#include <memory>

#include "contracts/store.hpp"
#include "tests/fakes/fake_database.hpp"
#include "tests/fakes/fake_mailer.hpp"
#include "tests/fakes/fake_runtime.hpp"

namespace slipway::sim {

// A store, and what stands behind the contracts. A seeded bug puts its own in their place.
struct Fakes {
  std::unique_ptr<Store> store;
  std::unique_ptr<test::FakeRuntime> machine;
  std::unique_ptr<test::FakeDatabase> postgres;
  std::unique_ptr<test::FakeMailer> provider;
  // What the processes are given: the above, or a bug around it.
  std::unique_ptr<Store> faulty_store;
  std::unique_ptr<Runtime> faulty_runtime;
  std::unique_ptr<Database> faulty_database;
  std::unique_ptr<Mailer> faulty_mailer;

  Store& ledger() { return faulty_store ? *faulty_store : *store; }
  Runtime& runtime() { return faulty_runtime ? *faulty_runtime : *machine; }
  Database& database() { return faulty_database ? *faulty_database : *postgres; }
  Mailer& mailer() { return faulty_mailer ? *faulty_mailer : *provider; }
};

}  // namespace slipway::sim
