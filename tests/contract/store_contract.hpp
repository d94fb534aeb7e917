#pragma once

// One suite for every Store: include this, then INSTANTIATE_TEST_SUITE_P(…, StoreContract, …) with the factories.
#include "tests/contract/store_contract_access.hpp"
#include "tests/contract/store_contract_fixture.hpp"
#include "tests/contract/store_contract_objects.hpp"
#include "tests/contract/store_contract_overview.hpp"
#include "tests/contract/store_contract_ports.hpp"
#include "tests/contract/store_contract_sign_up.hpp"
#include "tests/contract/store_contract_work.hpp"
