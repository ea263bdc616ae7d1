"""Looking for orders whose answer was lost, one account at a time.

`turn` is the door; `windows` says between which ids an order can be, `looking` asks the provider,
`matching` decides which id must be whose, `calibrating` says whether ids prove anything here.
"""
