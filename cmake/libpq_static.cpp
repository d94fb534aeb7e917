// Debian builds libpq with Kerberos (GSSAPI) and LDAP, and ships neither as a complete static archive. This program
// uses neither, so for the static build every function of the two that libpq calls stands here and fails: libpq then
// goes on without, as it does on a machine where Kerberos is not set up. The dynamic build does not contain this file.
#include <cstdint>

extern "C" {

using OM_uint32 = std::uint32_t;
constexpr OM_uint32 kGssFailure = 13u << 16;  // GSS_S_FAILURE, RFC 2744

void* GSS_C_NT_HOSTBASED_SERVICE = nullptr;

OM_uint32 gss_acquire_cred() { return kGssFailure; }
OM_uint32 gss_init_sec_context() { return kGssFailure; }
OM_uint32 gss_import_name() { return kGssFailure; }
OM_uint32 gss_wrap() { return kGssFailure; }
OM_uint32 gss_unwrap() { return kGssFailure; }
OM_uint32 gss_wrap_size_limit() { return kGssFailure; }
OM_uint32 gss_display_status() { return kGssFailure; }
OM_uint32 gss_delete_sec_context() { return 0; }
OM_uint32 gss_release_buffer() { return 0; }
OM_uint32 gss_release_cred() { return 0; }
OM_uint32 gss_release_name() { return 0; }

constexpr int kLdapFailure = -1;  // LDAP_SERVER_DOWN

void* ldap_init() { return nullptr; }  // "no memory for a connection": the look-up is given up before anything else
int ldap_set_option() { return kLdapFailure; }
int ldap_simple_bind() { return kLdapFailure; }
int ldap_result() { return kLdapFailure; }
int ldap_search_st() { return kLdapFailure; }
int ldap_count_entries() { return 0; }
void* ldap_first_entry() { return nullptr; }
void* ldap_get_values_len() { return nullptr; }
void ldap_value_free_len() {}
int ldap_msgfree() { return 0; }
int ldap_unbind() { return 0; }
const char* ldap_err2string() { return "LDAP is not built into this program"; }
}
