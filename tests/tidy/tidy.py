"""Checks the mechanical rules of the house style: one test per rule, and one that shows that the rule can fail.

tidy.py [--junitxml FILE] [--only WORDS]

A rule's own test runs it on a small tree that breaks it and on one that keeps it. To add a rule, add a function with
both trees to one of the rules_*.py beside this file. Needs Python's standard library, git, clang-format, shellcheck.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml

import rules_cpp  # noqa: F401  (importing registers the rules)
import rules_text  # noqa: F401
import rules_tools  # noqa: F401
from tree import RULES, Tree

ROOT = pathlib.Path(__file__).resolve().parents[2]


def small_tree(folder, files):
    for path, content in files.items():
        file = pathlib.Path(folder, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    subprocess.run(["git", "init", "-q", folder], check=True)
    return Tree(folder)


def offences_of_small_tree(function, files):
    with tempfile.TemporaryDirectory() as folder:
        return list(function(small_tree(folder, files)))


def self_test(function, bad, good):
    """What is wrong with the rule itself, in words."""
    problems = []
    found = {offence.path for offence in offences_of_small_tree(function, bad)}
    offenders = [path for path in bad if not path.startswith(".")]
    problems += [f"the rule does not find fault with its bad sample {path}" for path in offenders if not any(
        path.startswith(name) for name in found)]
    problems += [f"the rule finds fault with its good sample: {offence}" for offence in offences_of_small_tree(
        function, good)]
    return problems


def run_tests(only):
    tree = Tree(ROOT)
    for name, function, bad, good in RULES:
        if only not in name:
            continue
        yield f"{name} (the rule can fail)", lambda f=function, b=bad, g=good: self_test(f, b, g)
        yield name, lambda f=function: [str(offence) for offence in f(tree)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--junitxml")
    parser.add_argument("--only", default="", help="only rules whose name has these words")
    arguments = parser.parse_args()

    suite = xml.Element("testsuite", name="tidy")
    passed = failed = 0
    for name, test in run_tests(arguments.only):
        began = time.monotonic()
        try:
            problems = test()
        except FileNotFoundError as error:
            problems = [str(error)]
        case = xml.SubElement(suite, "testcase", name=name, time=f"{time.monotonic() - began:.3f}")
        print(f"{'FAILED' if problems else 'ok    '} {name}")
        for problem in problems:
            print(f"       {problem}")
        if problems:
            failed += 1
            xml.SubElement(case, "failure", message=f"{len(problems)} offences").text = "\n".join(problems)
        else:
            passed += 1
    if arguments.junitxml:
        xml.ElementTree(suite).write(arguments.junitxml, encoding="utf-8", xml_declaration=True)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
