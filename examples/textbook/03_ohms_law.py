"""Ohm's law by automatic differentiation: a resistance from currents and voltages, in PyTorch's words.

The volts are those across a resistor of 3.3 Ω in front of a cell of 2.2 V: u = r i + b.
"""

import gradloop as gl
from gradloop import laws
from gradloop.textbook import torch

torch.manual_seed(2)
ohms, volts = 3.3, 2.2

# Measurements: 1000 currents, and a voltmeter with an error of 10 mV
i = torch.randn(1000, 1)
u = ohms * i + volts + 0.01 * torch.randn(1000, 1)

# Training: batches in a random order, drawn anew for each epoch
r = torch.normal(0, 0.01, size=(1, 1), requires_grad=True)
b = torch.zeros(1, requires_grad=True)
for epoch in range(5):
    for rows in torch.randperm(1000).reshape(-1, 10):
        miss = i[rows] @ r + b - u[rows]
        (miss**2 / 2).mean().backward()
        with torch.no_grad():
            for parameter in (r, b):
                parameter -= 0.05 * parameter.grad
                parameter.grad.zero_()
    with torch.no_grad():
        print(f"epoch {epoch + 1}: mean squared miss {((i @ r + b - u) ** 2).mean():.6f} V²")
print(f"resistance {r.item():.4f} Ω, cell {b.item():.4f} V")

# The law itself, solved to the last digit, with error bars
start = {"resistance": 1.0, "offset": 0.0}
fit = gl.fit(i.double().numpy(), u.double().numpy().ravel(), model=laws.ohm, start=start, solver=gl.GaussNewton())
print(f"resistance {fit.params['resistance']:.4f} Ω, cell {fit.params['offset']:.4f} V. {fit.certificate.sentence}")
