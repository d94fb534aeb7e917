"""Reads JSON on standard input and prints a part of it, for shell scripts.

json_field.py FIELD                         the field's value
json_field.py FIELD --each KEY              KEY of each item of the list FIELD, one a line
json_field.py FIELD --count KEY!=VALUE      how many items of the list FIELD have another KEY
json_field.py --pretty                      all of it, indented
"""

import json
import sys


def main(arguments):
    document = json.load(sys.stdin)
    if arguments == ["--pretty"]:
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return
    value = document.get(arguments[0])
    if len(arguments) == 1:
        print(value if isinstance(value, str) else json.dumps(value))
    elif arguments[1] == "--each":
        for item in value:
            print(item[arguments[2]])
    elif arguments[1] == "--count":
        key, _, unwanted = arguments[2].partition("!=")
        print(sum(1 for item in value if item[key] != unwanted))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
