#pragma once
#include <string>

namespace slipway::sqlite {

// Writes a consistent copy of the ledger `source` as it is now to `target`, from any process, while the ledger is in
// use and without stopping its writers. The copy appears under its name only when it is whole and on disk; an older
// copy is replaced. Throws unavailable (path, disk), internal (no ledger), conflict (the target is in use).
void backup_ledger(const std::string& source, const std::string& target);

}  // namespace slipway::sqlite
