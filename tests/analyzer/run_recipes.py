# SPDX-License-Identifier: Apache-2.0
# python3 run_recipes.py docs/sql.md RUN.db : every recipe must run on the trace and find something.
import re
import sqlite3
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    recipes = re.findall(r"```sql\n(.*?)```", file.read(), re.S)
db = sqlite3.connect(f"file:{sys.argv[2]}?mode=ro", uri=True)
for recipe in recipes:
    rows = db.execute(recipe).fetchall()
    assert rows and None not in rows[0], (recipe, rows[:1])
print(f"{len(recipes)} recipes")
