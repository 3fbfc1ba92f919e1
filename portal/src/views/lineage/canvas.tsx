import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { fitted, HEAD, ROW, underName, type Box, type Drawing, type Wire } from './layout';
import { fit, show, step, zoom, type Arrow, type Camera } from './steps';

export interface Selection {
  node: string;
  field: string;
}

interface CanvasProps {
  drawing: Drawing;
  withFields: boolean;
  focus: string;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  onOpen: (node: string) => void;
}

/** Letters smaller than this are not drawn: of 300 boxes in a window nobody could read them. */
const READABLE = 0.34;

/** The graph: with the mouse it is moved and zoomed, and by the keys that stand below it. One box is in the order of tabs. */
export function Canvas({ drawing, withFields, focus, selection, onSelect, onOpen }: CanvasProps) {
  const window = useRef<SVGSVGElement>(null);
  const [camera, setCamera] = useState<Camera>({ x: 0, y: 0, scale: 1 });
  const drag = useRef<{ x: number; y: number } | undefined>(undefined);
  const wanted = useRef<string | undefined>(undefined);
  const byId = useMemo(() => new Map(drawing.boxes.map((box) => [box.node.id, box])), [drawing]);
  const current = byId.has(selection.node) ? selection.node : byId.has(focus) ? focus : (drawing.boxes[0]?.node.id ?? '');
  const size = () => window.current?.getBoundingClientRect() ?? { width: 900, height: 520 };
  const all = () => setCamera(fit(drawing.width, drawing.height, size().width, size().height));

  useLayoutEffect(all, [drawing]);
  useEffect(() => {
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = size() as DOMRect;
      setCamera((now) => zoom(now, Math.exp(-event.deltaY / 400), event.clientX - box.left, event.clientY - box.top));
    };
    const element = window.current;
    element?.addEventListener('wheel', wheel, { passive: false });
    return () => element?.removeEventListener('wheel', wheel);
  }, []);
  useEffect(() => {
    if (wanted.current === undefined) return;
    window.current?.querySelector<SVGGElement>('[tabindex="0"]')?.focus({ preventScroll: true });
    wanted.current = undefined;
  }, [current]);

  const closer = (factor: number) => setCamera((now) => zoom(now, factor, size().width / 2, size().height / 2));
  const keys = (event: KeyboardEvent) => {
    const { key } = event;
    const move = (x: number, y: number) => setCamera((now) => ({ ...now, x: now.x + x, y: now.y + y }));
    if (key === '+' || key === '=') closer(1.25);
    else if (key === '-') closer(0.8);
    else if (key === '0') all();
    else if (key.startsWith('Arrow') && event.shiftKey) {
      const far = 60;
      move(key === 'ArrowLeft' ? far : key === 'ArrowRight' ? -far : 0, key === 'ArrowUp' ? far : key === 'ArrowDown' ? -far : 0);
    } else if (key.startsWith('Arrow')) {
      const next = step(drawing.boxes, drawing.wires, current, key as Arrow);
      if (next === undefined) return;
      wanted.current = next;
      onSelect({ node: next, field: '' });
      const { width, height } = size();
      setCamera((now) => {
        const near = now.scale < READABLE ? zoom(now, 0.7 / now.scale, width / 2, height / 2) : now;
        return show(near, byId.get(next)!, width, height);
      });
    } else if (key === 'Enter') onOpen(current);
    else if (key === ' ') onSelect({ node: current, field: '' });
    else return;
    event.preventDefault();
  };

  const near = useMemo(() => wiresOf(drawing.wires, selection), [drawing, selection]);
  const small = camera.scale < READABLE;
  return (
    <div class="canvas">
      <div class="canvas-buttons" role="group" aria-label="Size of the graph">
        <button type="button" class="plain" aria-label="Closer" onClick={() => closer(1.25)}>
          +
        </button>
        <button type="button" class="plain" aria-label="Farther" onClick={() => closer(0.8)}>
          −
        </button>
        <button type="button" class="plain" onClick={all}>
          All
        </button>
      </div>
      <svg
        ref={window}
        class={small ? 'graph graph-small' : 'graph'}
        role="group"
        aria-label={`Lineage: ${drawing.boxes.length} relations, ${drawing.wires.length} lines`}
        aria-describedby="graph-keys"
        onKeyDown={keys}
        onPointerDown={(event) => {
          if ((event.target as Element).closest('.box') !== null) return;
          drag.current = { x: event.clientX, y: event.clientY };
          window.current?.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          const from = drag.current;
          if (from === undefined) return;
          drag.current = { x: event.clientX, y: event.clientY };
          setCamera((now) => ({ ...now, x: now.x + event.clientX - from.x, y: now.y + event.clientY - from.y }));
        }}
        onPointerUp={() => (drag.current = undefined)}
        onPointerCancel={() => (drag.current = undefined)}
      >
        <g transform={`translate(${camera.x} ${camera.y}) scale(${camera.scale})`}>
          {drawing.wires.map((wire, index) => (
            <path
              key={index}
              class={`wire${wire.values ? '' : ' wire-rows'}${wire.masked ? ' wire-masked' : ''}${near.has(wire) ? ' wire-near' : ''}`}
              d={wire.points.map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${x} ${y}`).join('')}
            />
          ))}
          {drawing.boxes.map((box) => (
            <Relation
              key={box.node.id}
              box={box}
              withFields={withFields}
              focused={box.node.id === focus}
              selected={box.node.id === selection.node ? selection.field : undefined}
              inOrder={box.node.id === current}
              near={near}
              onSelect={onSelect}
              onOpen={onOpen}
            />
          ))}
        </g>
      </svg>
      <p id="graph-keys" class="quiet small">
        Keys: ← what it is made of, → what is made of it, ↑ ↓ the box beside, Enter to go there, + − 0 for the size, Shift with
        arrows moves the graph. Solid lines are values, dashed ones decide which rows there are, red ones are masked.
      </p>
    </div>
  );
}

function wiresOf(wires: Wire[], { node, field }: Selection): Set<Wire> {
  return new Set(
    wires.filter(
      ({ from, fromField, to, toField }) =>
        (from === node && (field === '' || fromField === field)) || (to === node && (field === '' || toField === field)),
    ),
  );
}

interface RelationProps {
  box: Box;
  withFields: boolean;
  focused: boolean;
  /** The selected field, '' for the relation as a whole. */
  selected: string | undefined;
  inOrder: boolean;
  near: Set<Wire>;
  onSelect: (selection: Selection) => void;
  onOpen: (node: string) => void;
}

function Relation({ box, withFields, focused, selected, inOrder, near, onSelect, onOpen }: RelationProps) {
  const { node, x, y, width, height } = box;
  const beside = [...near].some(({ from, to }) => from === node.id || to === node.id);
  const classes = ['box', `box-${node.kind}`, focused && 'box-focus', selected !== undefined && 'box-selected', beside && 'box-near'];
  const under = underName(node);
  // The name of the box is what stands in it.
  const shown = withFields ? node.fields.map(({ name, mask }) => `${fitted(name)}${mask === undefined ? '' : ' masked'}`) : [];
  return (
    <g
      class={classes.filter(Boolean).join(' ')}
      transform={`translate(${x} ${y})`}
      role="button"
      tabindex={inOrder ? 0 : -1}
      aria-label={[fitted(node.id), under, ...shown].join(' ')}
      aria-pressed={selected !== undefined}
      onClick={() => onSelect({ node: node.id, field: '' })}
      onDblClick={() => onOpen(node.id)}
    >
      <rect width={width} height={height} rx={7} />
      <text class="box-name" x={12} y={19}>
        {fitted(node.id)}
      </text>{' '}
      <text class="box-kind" x={12} y={35}>
        {under}
      </text>{' '}
      {withFields &&
        node.fields.map(({ name, mask }, index) => (
          <g
            key={name}
            class={selected === name ? 'field field-selected' : 'field'}
            transform={`translate(0 ${HEAD + index * ROW})`}
            onClick={(event) => {
              event.stopPropagation();
              onSelect({ node: node.id, field: name });
            }}
          >
            <rect x={1} width={width - 2} height={ROW} />
            <text x={12} y={15}>
              {fitted(name)}
            </text>{' '}
            {mask !== undefined && (
              <text class="masked" x={width - 10} y={15} text-anchor="end">
                masked
              </text>
            )}{' '}
          </g>
        ))}
    </g>
  );
}
