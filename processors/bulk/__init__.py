"""The turnaround rows of many exams at once: columns of facts in, columns of rows out.

The fold has the last word: exams of which anything is not plain are named, and are folded by itself.
"""
