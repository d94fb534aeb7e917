#include "model/tenant.hpp"
#include "tests/fuzz/fuzz.hpp"

// A row of the ledger, as another version or a torn copy may have left it: refused, or read into what is written and
// read again as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  const std::string_view document(reinterpret_cast<const char*>(data), size);
  Tenant tenant;
  try {
    tenant = from_document(document);
  } catch (const Error& error) {
    fuzz::require(error.kind() == ErrorKind::internal, "a row that cannot be read is no customer's fault");
    return 0;
  }
  const std::string once = to_document(tenant);
  fuzz::require(to_document(from_document(once)) == once, "what is written is read as the same", once);
  return 0;
}
