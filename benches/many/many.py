"""A policy of many rules."""

HEAD = """policyc: 1
default: deny
schema:
  request: {user: {name: string, age: int, groups: list<string>}, amount: int, path: string}
tools:
  pay: {effect: egress, args: {amount: int, to: string}}
  read: {effect: none, args: {path: string}}
variables:
  - adult: request.user.age >= 18
rules:
"""


def policy(rules):
    """A policy in which no rule repeats another."""
    parts = [HEAD]
    for number in range(rules):
        tool = ("pay", "read")[number % 2]
        argument = ("args.amount > %d", 'args.path.startsWith("/srv/%d/")')[number % 2] % number
        parts.append(
            f"  - id: rule-{number}\n    on: [{tool}]\n"
            f"    when: variables.adult && request.amount > {number} && {argument}\n"
            f'    deny: "rule {number}"\n'
        )
    return "".join(parts)
