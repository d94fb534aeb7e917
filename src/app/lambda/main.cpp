// The function's program, which Lambda's provided.al2023 starts as `bootstrap`.
#include <netdb.h>
#include <nss.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "app/lambda/function.hpp"
#include "base/error.hpp"
#include "lambda/handler.hpp"
#include "lambda/runtime_api.hpp"

namespace {

using namespace slipway;

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

// What OpenSSL would do at its first use and a start can do without: this machine's openssl.cnf is for another OpenSSL;
// TLS takes ciphers and digests from the provider, and asks the table of old only for the digests that certificates are
// signed with; the words of libcrypto's errors are some thousand (those of libssl's, which say what is wrong with a
// connection, are told all the same).
void begin_openssl() {
  ::OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
                            OPENSSL_INIT_NO_ADD_ALL_DIGESTS | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS,
                        nullptr);
  for (const EVP_MD* digest : {::EVP_sha256(), ::EVP_sha384(), ::EVP_sha512()}) ::EVP_add_digest(digest);
}

// Linked statically, OpenSSL looks for the system's roots where Debian has them. Resend's endpoint and founders' own
// HTTPS domains are checked against these; AWS's own against those that are built in.
void name_the_systems_roots() {
  for (const char* file : {"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"}) {
    if (::access(file, R_OK) == 0) {
      ::setenv("SSL_CERT_FILE", file, 0);
      return;
    }
  }
}

// Names are looked up by what is in this program; modules of the system's were built for another C library.
void resolve_names_alone() { __nss_configure_lookup("hosts", "files dns"); }

}  // namespace

int main() {
  ::signal(SIGPIPE, SIG_IGN);
  begin_openssl();
  name_the_systems_roots();
  resolve_names_alone();
  const auto host = environment("AWS_LAMBDA_RUNTIME_API");
  if (!host) {
    std::fputs("bootstrap: AWS_LAMBDA_RUNTIME_API is not set: this program is started by AWS Lambda\n", stderr);
    return 1;
  }
  try {
    lambda::RuntimeApi api(*host);
    std::unique_ptr<Function> function;
    try {
      function = std::make_unique<Function>(function_place(environment), environment);
    } catch (const Error& error) {
      std::fprintf(stderr, "bootstrap: cannot begin: %s\n", error.what());
      api.fail_init(lambda::error_type(error.kind()), error.message());
      return 1;
    }
    lambda::serve(api, [&](const lambda::Invocation& invocation) { return function->handler().handle(invocation); });
  } catch (const std::exception& error) {
    // Lambda's interface is gone; it starts another of us.
    std::fprintf(stderr, "bootstrap: %s\n", error.what());
    return 1;
  }
}
