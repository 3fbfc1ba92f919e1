SELECT auction, bidder, price, "at", value FROM bid JOIN side_input s ON s.key = auction % 10000
