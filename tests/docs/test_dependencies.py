"""docs/dependencies.md and tools/sbom: complete, true, and compatible with Apache-2.0."""

import json
import pathlib
import re
import subprocess

import pytest

from world import ROOT, binary

SBOM = ROOT / "tools/sbom"
LIST = ROOT / "docs/dependencies.md"

# What may be linked dynamically into an Apache-2.0 program.
LINKABLE = {"Apache-2.0", "BSL-1.0", "MIT", "BSD-3-Clause", "BSD-4-Clause", "Zlib", "curl", "PostgreSQL", "blessing", "OLDAP-2.8",
            "LGPL-2.0-or-later", "LGPL-2.1-or-later", "LGPL-3.0-or-later", "GPL-3.0-or-later WITH GCC-exception-3.1"}
# How Debian's copyright files say it.
WORDS = {"Apache-2.0": "Apache", "BSL-1.0": "Boost Software License", "MIT": r"Expat|MIT|M\.I\.T|Permission is hereby granted",
         "BSD-3-Clause": r"BSD-?3|3-clause|BSD-style|Redistribution and use", "BSD-4-Clause": r"BSD-4|advertising|Computing Services at Carnegie",
         "Zlib": "[Zz]lib", "curl": "curl", "PostgreSQL": "PostgreSQL|Postgres", "blessing": "public.domain", "OLDAP-2.8": "OpenLDAP",
         "MPL-2.0": r"MPL-2|Mozilla Public License", "PSF-2.0": "PSF|Python Software Foundation"}


def words_of(licence):
    if licence in WORDS:
        return WORDS[licence]
    family = re.match("L?GPL", licence)
    assert family, f"no words for {licence}"
    return r"L?GPL" if family.group(0) == "GPL" else r"LGPL|Lesser General Public|Library General Public"


def run(program):
    return subprocess.run([SBOM, program], capture_output=True, text=True)


@pytest.fixture(scope="module")
def bill():
    done = run(binary())
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows(section=""):
    text = LIST.read_text()
    if section:
        text = text.split(f"## {section}\n")[1].split("\n## ")[0]
    return {package: licence.strip() for package, licence in re.findall(r"^\| `(\S+)` \| ([^|]+) \|", text, re.M)}


def test_every_library_and_every_package_is_listed(bill):
    linked = subprocess.run(["ldd", binary()], capture_output=True, text=True).stdout
    names = {p["name"] for p in bill["packages"]}
    relations = bill["relationships"]
    dynamic = [r for r in relations if r["relationshipType"] == "DYNAMIC_LINK"]
    assert len(dynamic) > 10 and "libboost_json" in linked
    assert {"slipway", "libssl3", "libpq5", "libsqlite3-0", "libcurl4", "libc6"} <= names
    groups = [line.split() for line in (ROOT / "tools/packages.txt").read_text().splitlines()]
    assert {row[1] for row in groups if len(row) == 2 and row[0] in ("build", "run")} <= names
    # And nothing is listed that is not used.
    assert set(rows()) == names - {"slipway"}
    needed = set(re.findall(r"NEEDED.*\[(\S+)\]", subprocess.run(["readelf", "-d", binary()], capture_output=True, text=True).stdout))
    direct = rows("Used directly")
    assert len(needed) >= len(direct) and set(rows("Brought along by those")).isdisjoint(direct)


def test_an_unlisted_library_is_an_error():
    other = run("/usr/bin/git")
    assert other.returncode == 1 and "not in docs/dependencies.md: libpcre2-8-0" in other.stderr, other.stderr


def test_what_is_linked_is_compatible(bill):
    ids = {p["SPDXID"]: p for p in bill["packages"]}
    for relation in bill["relationships"]:
        if relation["relationshipType"] == "DYNAMIC_LINK":
            package = ids[relation["relatedSpdxElement"]]
            choices = package["licenseDeclared"].split(" OR ")
            assert set(choices) & LINKABLE, (package["name"], package["licenseDeclared"])
            assert package["versionInfo"] and package["externalRefs"][0]["referenceLocator"].startswith("pkg:deb/debian/")


def test_the_licences_are_those_that_debian_names():
    compared = 0
    for package, licence in rows().items():
        file = pathlib.Path(f"/usr/share/doc/{package}/copyright")
        if not file.exists():
            continue   # of the group run, where another engine or Postgres is installed
        compared += 1
        text = file.read_text(errors="replace")
        for choice in licence.split(" OR "):
            assert re.search(words_of(choice), text), (package, choice)
    assert compared > 40


def test_the_bill_is_spdx(bill):
    assert bill["spdxVersion"] == "SPDX-2.3" and bill["dataLicense"] == "CC0-1.0" and bill["SPDXID"] == "SPDXRef-DOCUMENT"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", bill["creationInfo"]["created"])
    ids = [p["SPDXID"] for p in bill["packages"]]
    assert len(ids) == len(set(ids)) and all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", name) for name in ids)
    ends = {r[end] for r in bill["relationships"] for end in ("spdxElementId", "relatedSpdxElement")}
    assert ends == {*ids, "SPDXRef-DOCUMENT"}
    assert run(binary()).stdout == json.dumps(bill, indent=1) + "\n"   # the same again
