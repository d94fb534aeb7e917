// OpenSSL's fastest code for P-256 holds a table of 150 KB that does not compress: 5 % of the function's zip. Its other
// code for the curve, in C and constant-time too, is linked anyway. What is defined here keeps the linker from fetching
// the archive's member with the table. That member defines nothing else that is wanted; where a newer OpenSSL changes
// this, the link fails. docs/adr/0014 tells what it costs.
struct ec_method_st;

extern "C" {
const ec_method_st* EC_GFp_nistp256_method();
const ec_method_st* EC_GFp_nistz256_method();
void* EC_nistz256_pre_comp_dup(void*);
void EC_nistz256_pre_comp_free(void*);

const ec_method_st* EC_GFp_nistz256_method() { return EC_GFp_nistp256_method(); }
void* EC_nistz256_pre_comp_dup(void*) { return nullptr; }  // nobody has made one
void EC_nistz256_pre_comp_free(void*) {}
}
