"""Drawing a photograph: a leaf with its lesions, in a pose, before a background, in some light."""
import numpy as np
from typing import Final, NamedTuple
from specc.data.leaves.diseases import Ground, disease as _disease, lesions
from specc.data.leaves.fields import Field, clouds, covered, grid, noise
from specc.data.leaves.species import Species, species as _species
from specc.data.randomness import stream

F = np.float32

def draw(seed, size, sp, dis, plant, photo):
    own = stream(seed, "leaves/plant", sp, dis, plant)
    shot = stream(seed, "leaves/photo", sp, dis, plant, photo)
    kind = _species(sp)
    pixel = 2 / size
    X, Y = grid(size)
    img = background(shot, size)
    # pose
    turn = shot.uniform(0, 2*np.pi); scale = shot.uniform(0.62, 0.9)
    dx, dy = shot.uniform(-.14, .14, 2)
    tilt = shot.uniform(-.2, .2, 2)
    u, v = (X - F(dx)) * F(1/scale), (Y - F(dy)) * F(1/scale)
    w = 1 / (1 + u * F(tilt[0]) + v * F(tilt[1]))
    u *= w; v *= w
    c, s = F(np.cos(turn)), F(np.sin(turn))
    x, y = c*u + s*v, c*v - s*u
    if shot.random() < .5: x = -x
    # plant shape
    bend, lean, wide, long = own.uniform(-.16,.16), own.uniform(-.08,.08), own.uniform(.88,1.12), own.uniform(.93, 1.06)
    x = (x - F(bend)*y*y + F(bend*.3)) * F(1/wide); y = (y + F(lean)*x) * F(1/long)
    lattice = own.random((16,16), np.float32)*2-1
    rough = noise(lattice, x*3+8, y*3+8)
    fine = noise(lattice, x*9+8, y*9+8)
    a = kind.blade.anatomy(x, y)
    inside = a.inside + F(.035)*rough
    px = pixel/scale
    alpha = covered(inside, px*1.2)
    vein = covered(a.vein, px*1.2)
    # colour
    tone = np.clip(kind.tone + own.uniform(-.55,.55), -1.3, 1.3); light = np.clip(kind.light + own.uniform(-.35,.35), 0, 1)
    col = green(tone, light)
    def holds(px_, py_):
        return kind.blade.anatomy(px_, py_).inside > .06
    shade = 1 + F(.10)*rough + F(.08)*fine
    rgb = [shade*F(k) for k in col]
    pale = F(kind.pale)
    for i, k in enumerate((.95,1.0,.6)):
        rgb[i] = rgb[i] + vein * pale * (F(k) - rgb[i]) * F(.55) if kind.pale>0 else rgb[i]*(1+vein*pale)
    if dis:
        colour, cover = lesions(_disease(dis-1), Ground(x,y,a._replace(inside=inside),rough*.6+fine*.6,holds), own, own.random())
        for i in range(3):
            rgb[i] += cover*(colour[i]-rgb[i])
    # relief
    hgt = F(own.uniform(.1,.3))*np.abs(x) + F(.012)*np.cos(a.phase*F(2*np.pi)) + F(.10)*rough - F(.02)*vein
    sun = shot.uniform(0, 2*np.pi)
    gy, gx = np.gradient(hgt, F(pixel))
    slope = (gx*F(np.cos(sun)) - gy*F(np.sin(sun)))
    lit = 1 + F(.55)*np.clip(slope,-1,1)
    gl = np.clip(slope*F(1.2)+F(.45)+F(.3)*rough, 0, 1); gl *= gl; gl *= gl
    gl *= F(kind.gloss*.45*shot.uniform(.3,1))
    # petiole
    stalk = np.minimum(F(.03) - np.abs(x), np.minimum(F(-.75)-y, y+F(1.45)))
    st = covered(stalk, px*1.2)
    # shadow
    off = int(round(size*shot.uniform(.02,.05))); ox, oy = round(-off*np.cos(sun)), round(off*np.sin(sun))
    sh = covered(np.maximum(inside, stalk), shot.uniform(.1,.3))
    sh = np.roll(sh, (oy, ox), (0,1))*F(shot.uniform(.3,.6))
    img *= (1-sh)
    scol = (.45,.42,.2)
    for i in range(3):
        img[i] += st*(F(scol[i])*lit-img[i])
        img[i] += alpha*((rgb[i]*lit+gl)-img[i])
    # light
    warm = shot.uniform(-.12,.12); ex = shot.uniform(.7,1.2)
    fall = 1 + F(shot.uniform(0,.35))*(X*F(np.cos(sun))+Y*F(np.sin(sun)))
    for i,k in enumerate((1+warm, 1, 1-warm)):
        img[i] *= fall*F(k*ex)
    if shot.random()<.5: img = blur(img, F(shot.uniform(0,.3)))
    n = shot.random((2,3,size,size), np.float32)
    img += (n[0]+n[1]-1)*F(shot.uniform(.01,.06))
    img = np.clip(img, 0, 1)
    return (img*255+.5).astype(np.uint8).transpose(1,2,0)

def blur(img, k):
    img = img.copy()
    out = img*(1-2*k)
    out[:,1:] += k*img[:,:-1]; out[:,:-1] += k*img[:,1:]; out[:,0]+=k*img[:,0]; out[:,-1]+=k*img[:,-1]
    img = out*(1-2*k)
    img[:,:,1:] += k*out[:,:,:-1]; img[:,:,:-1] += k*out[:,:,1:]; img[:,:,0]+=k*out[:,:,0]; img[:,:,-1]+=k*out[:,:,-1]
    return img

def green(tone, light):
    y, g, b = np.array((.62,.68,.16)), np.array((.27,.52,.15)), np.array((.18,.42,.30))
    c = g + (y-g)*max(-tone,0) + (b-g)*max(tone,0)
    return c*(.55+.8*light)

PAL = [ # low, high, wide, high
  ((.16,.11,.07),(.45,.34,.24),14,14),  # soil
  ((.13,.22,.06),(.45,.58,.22),28,5),   # grass
  ((.78,.76,.72),(.93,.92,.90),3,3),    # paper
  ((.35,.22,.12),(.66,.47,.29),3,24),   # wood
  ((.40,.40,.41),(.68,.67,.65),20,20),  # stone
  ((.05,.12,.05),(.32,.48,.18),6,6),    # foliage
]
def background(shot, size):
    lo, hi, a, b = PAL[int(shot.random()*len(PAL))]
    if shot.random()<.5: a,b=b,a
    f = clouds(shot, size, a, b)*F(.65)+clouds(shot,size,a*3,b*3)*F(.35)
    j = shot.uniform(.85,1.15,3)
    return np.stack([F(l*k)+f*F((h-l)*k) for l,h,k in zip(lo,hi,j)])
